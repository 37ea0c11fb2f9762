#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "cloister/base/memory.h"

namespace cloister::paillier::internal {

/// Little-endian limbs of a secret number, locked and wiped.
using SecretLimbs = SecretBuffer<std::uint64_t>;

/// Arithmetic modulo one odd number whose top limb is not zero, over flat limbs of the modulus's
/// length. Secrets: constant time in operands, exponents and the modulus itself, given their lengths;
/// scratch space is wiped (GMP's mpn_sec functions). Outputs must not overlap inputs.
class SecretModulus {
 public:
  explicit SecretModulus(std::span<const std::uint64_t> modulus);

  std::size_t limbs() const noexcept { return modulus_.size(); }
  std::span<const std::uint64_t> value() const noexcept { return modulus_.span(); }

  /// out = value mod m, for a value of at least limbs() limbs.
  void reduce(std::span<const std::uint64_t> value, std::uint64_t* out) const;
  /// quotient[value's limbs - limbs()] and remainder[limbs()] of a value that is below m times 2 to the
  /// power of the quotient's bits.
  void divide(std::span<const std::uint64_t> value, std::uint64_t* quotient, std::uint64_t* remainder) const;
  /// out = a * b mod m, for any a and b of limbs() limbs.
  void multiply(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out) const;
  /// out = a - b mod m, for residues a and b.
  void subtract(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out) const;
  /// out = base^exponent mod m, for a base > 0.
  void power(std::span<const std::uint64_t> base, std::span<const std::uint64_t> exponent,
             std::uint64_t* out) const;
  /// out = a^-1 mod m. Throws InternalError where there is none: callers have checked.
  void invert(const std::uint64_t* a, std::uint64_t* out) const;

 private:
  SecretLimbs modulus_;
};

/// out[an + bn] = a * b, constant time.
void multiply_secret(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b, std::uint64_t* out);
/// The square of a secret number, twice its limbs.
SecretLimbs square(std::span<const std::uint64_t> value);

}  // namespace cloister::paillier::internal
