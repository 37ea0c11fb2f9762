#pragma once

#include <span>

#include "cloister/paillier/internal/secret_modulus.h"

namespace cloister::paillier {

/// One factor p of n = p q, with what decryption modulo p needs. Secrets: constant time throughout.
/// Math: m mod p = L(c^(p-1) mod p^2) * L(g^(p-1) mod p^2)^-1 mod p with L(u) = (u - 1) / p; for
/// g = n + 1 the second factor is (-q)^-1.  Source: Paillier 1999, section 7.
class PrimeFactor {
 public:
  PrimeFactor(std::span<const std::uint64_t> p, std::span<const std::uint64_t> q);

  const internal::SecretModulus& prime() const noexcept { return prime_; }
  /// out[limbs of p] = the plaintext modulo p of a valid ciphertext. Throws InternalError if the power
  /// is not 1 modulo p, which only a fault of the machine can cause; its result would betray p.
  void decrypt(std::span<const std::uint64_t> ciphertext, std::uint64_t* out) const;

 private:
  internal::SecretModulus prime_, square_;
  internal::SecretLimbs exponent_;   ///< p - 1
  internal::SecretLimbs divisor_;    ///< p^-1 modulo 2^(64 limbs), for exact division by p
  internal::SecretLimbs generator_;  ///< (-q)^-1 modulo p
};

}  // namespace cloister::paillier
