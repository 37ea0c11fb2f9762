#pragma once

#include <span>

#include "cloister/paillier/internal/secret_modulus.h"

namespace cloister::paillier {

/// The Chinese remainder theorem for two secret, coprime, odd moduli of the same number of limbs.
/// Secrets: constant time in residues and moduli.  Source: Garner 1959.
class Crt {
 public:
  Crt(std::span<const std::uint64_t> first, std::span<const std::uint64_t> second);

  const internal::SecretModulus& first() const noexcept { return first_; }
  const internal::SecretModulus& second() const noexcept { return second_; }
  /// out[2 * limbs] = the number below first * second that leaves x modulo the first and y modulo the
  /// second.
  void combine(const std::uint64_t* x, const std::uint64_t* y, std::uint64_t* out) const;

 private:
  internal::SecretModulus first_, second_;
  internal::SecretLimbs inverse_;  ///< first^-1 modulo second
};

}  // namespace cloister::paillier
