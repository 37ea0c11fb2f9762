#pragma once

#include <span>

#include "cloister/paillier/encrypted_vector.h"
#include "cloister/paillier/noise.h"

namespace cloister::paillier {

/// Encrypts clear values under the key of a noise source.
/// Math: c = (1 + m n) r mod n^2.  Cost: one factor r and two multiplications a ciphertext.
/// Secrets: constant time in the values after their rounding to integers, and in the noise.
/// The result is the same for any number of threads, given the state of `prng`.
/// Errors: ParametersError (no values; a value that is not finite or beyond its format, named by its
/// index), PrecisionError (a format that the packing cannot hold).
class Encryptor {
 public:
  /// Both must outlive this object.
  Encryptor(const NoiseSource& noise, const ThreadPool& pool) : noise_(noise), pool_(pool) {}

  const PublicKey& public_key() const noexcept { return noise_.public_key(); }

  EncryptedVector encrypt(std::span<const double> values, const FixedPoint& format, const Packing& packing,
                          Prng& prng) const;
  /// Integers m, |m| <= bound, that stand for m * 2^-fraction_bits.
  EncryptedVector encrypt_integers(std::span<const Int128> integers, int fraction_bits,
                                   const BigInteger& bound, const Packing& packing, Prng& prng) const;
  /// values is row-major, [rows][columns].
  EncryptedMatrix encrypt_matrix(std::span<const double> values, std::size_t columns,
                                 const FixedPoint& format, const Packing& packing, Prng& prng) const;

 private:
  const NoiseSource& noise_;
  const ThreadPool& pool_;
};

/// residues[i] *= 1 + m_i n mod n^2, where m_i is the plaintext of `integers` packed: adds clear values
/// to encrypted ones. Every integer is within the packing's capacity.
void add_clear_integers(const PublicKey& key, const Packing& packing, std::span<const Int128> integers,
                        std::span<std::uint64_t> residues, const ThreadPool& pool);

}  // namespace cloister::paillier
