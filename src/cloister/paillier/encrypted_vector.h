#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cloister/base/memory.h"
#include "cloister/paillier/packing.h"
#include "cloister/paillier/public_key.h"

namespace cloister::paillier {

/// Largest number of fraction bits that a vector may reach through multiplications.
inline constexpr int kMaxFractionBits = 4096;

/// What is publicly known of an encrypted vector's values: integers m, |m| <= bound, that stand for
/// m * 2^-fraction_bits. The bound follows from the plan's formats and the operations done, never from
/// the values.
struct VectorFormat {
  std::uint64_t size = 0;
  int fraction_bits = 0;
  Packing packing;
  BigInteger bound;

  VectorFormat clone() const { return {size, fraction_bits, packing, bound.clone()}; }
  std::size_t ciphertexts() const noexcept { return packing.ciphertexts(size); }
  /// What is wrong with it for keys of this length; nothing if it is sound.
  std::optional<std::string> fault(int modulus_bits) const;
};

/// Why a number is no ciphertext.
enum class CiphertextFault { kNone, kNegative, kZero, kTooLarge, kSharesFactor };
std::string_view describe(CiphertextFault fault) noexcept;
/// A ciphertext lies in (0, n^2) and is coprime to n.
CiphertextFault check_ciphertext(const PublicKey& key, const BigInteger& value);

/// Encrypted values of one key, `packing.slots` in a ciphertext: the unit that operations take.
/// Invariant: every ciphertext is valid, and the format is sound for the key. Move-only.
class EncryptedVector {
 public:
  /// From residues [ciphertexts][limbs of n^2], checked. Throws ParametersError that names the first
  /// ciphertext at fault, or what is wrong with the format.
  static EncryptedVector create(const PublicKey& key, VectorFormat format, Buffer<std::uint64_t> residues);
  /// From integers of any kind, one a ciphertext; likewise checked.
  static EncryptedVector from_integers(const PublicKey& key, VectorFormat format,
                                       std::span<const BigInteger> ciphertexts);
  /// For this layer's operations, whose results are valid because their operands are.
  static EncryptedVector unchecked(const PublicKey& key, VectorFormat format,
                                   Buffer<std::uint64_t> residues) {
    return EncryptedVector(key.id(), key.ciphertext_limbs(), std::move(format), std::move(residues));
  }

  EncryptedVector clone() const { return {key_id_, limbs_, format_.clone(), residues_.clone()}; }

  const Bytes32& key_id() const noexcept { return key_id_; }
  const VectorFormat& format() const noexcept { return format_; }
  std::uint64_t size() const noexcept { return format_.size; }
  std::size_t ciphertexts() const noexcept { return format_.ciphertexts(); }
  /// [ciphertexts][limbs]
  std::span<const std::uint64_t> residues() const noexcept { return residues_.span(); }
  std::span<const std::uint64_t> ciphertext(std::size_t i) const noexcept {
    return residues().subspan(i * limbs_, limbs_);
  }

 private:
  EncryptedVector(const Bytes32& key_id, std::size_t limbs, VectorFormat format,
                  Buffer<std::uint64_t> residues)
      : key_id_(key_id), limbs_(limbs), format_(std::move(format)), residues_(std::move(residues)) {}

  Bytes32 key_id_;
  std::size_t limbs_;
  VectorFormat format_;
  Buffer<std::uint64_t> residues_;
};

/// The first invalid ciphertext among residues [count][limbs of n^2], and its fault. Cost: one
/// multiplication modulo n a ciphertext and one gcd where all are valid.
struct CiphertextFaultAt {
  std::size_t index;
  CiphertextFault fault;
};
std::optional<CiphertextFaultAt> find_fault(const PublicKey& key, std::span<const std::uint64_t> residues);

/// Encrypted rows by columns: column j holds feature j of every row, so that a packed ciphertext holds
/// one feature of `slots` rows and a clear model acts on all of them at once.
struct EncryptedMatrix {
  std::vector<EncryptedVector> columns;

  std::uint64_t rows() const noexcept { return columns.empty() ? 0 : columns.front().size(); }
};

}  // namespace cloister::paillier
