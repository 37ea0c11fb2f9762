#pragma once

#include <memory>
#include <span>

#include "cloister/paillier/internal/modular_arithmetic.h"
#include "cloister/paillier/internal/secret_modulus.h"

namespace cloister::paillier {

/// One factor p of n = p q, with what decryption modulo p needs. Secrets: constant time throughout.
/// Math: m mod p = L(c^(p-1) mod p^2) * L(g^(p-1) mod p^2)^-1 mod p with L(u) = (u - 1) / p; for
/// g = n + 1 the second factor is (-q)^-1.  Source: Paillier 1999, section 7.
class PrimeFactor {
 public:
  PrimeFactor(std::span<const std::uint64_t> p, std::span<const std::uint64_t> q);

  const internal::SecretModulus& prime() const noexcept { return prime_; }
  /// How many ciphertexts one call handles best.
  std::size_t block() const noexcept { return square_->block(); }
  /// out[count][limbs of p] = the plaintexts modulo p of valid ciphertexts, [count][four times the limbs of
  /// p]. Throws InternalError if a power is not 1 modulo p, which only a fault of the machine can cause; its
  /// result would betray p.
  void decrypt(const std::uint64_t* ciphertexts, std::uint64_t* out, std::size_t count) const;

 private:
  void quotient(std::span<std::uint64_t> power, std::uint64_t* out) const;

  internal::SecretModulus prime_;
  std::shared_ptr<const internal::ModularArithmetic> square_;
  internal::SecretLimbs exponent_;   ///< p - 1
  internal::SecretLimbs divisor_;    ///< p^-1 modulo 2^(64 limbs), for exact division by p
  internal::SecretLimbs generator_;  ///< (-q)^-1 modulo p
};

}  // namespace cloister::paillier
