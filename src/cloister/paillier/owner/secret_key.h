#pragma once

#include <cstdint>
#include <span>

#include "cloister/paillier/internal/secret_modulus.h"
#include "cloister/paillier/public_key.h"

namespace cloister::paillier {

/// The factors of a key's n. Move-only, locked and wiped, never printed or compared.
/// Invariant, checked where it is made: p and q are primes of half n's bits, more than 2^(bits/2 - 100)
/// apart, gcd(p - 1, q - 1) has at most 64 bits, and the public key's h is an n-th residue. Keys that are
/// generated here meet more (generated_factor_fault_vartime); those of other libraries need not.
class SecretKey {
 public:
  /// Throws ParametersError that names the condition which fails; as PublicKey::create else.
  /// Cost: about 35 ms at 3072 bits.  Secrets: variable time in the factors, once at loading.
  static SecretKey create_vartime(const BigInteger& p, const BigInteger& q, BigInteger h);

  const PublicKey& public_key() const noexcept { return public_key_; }
  std::span<const std::uint64_t> p() const noexcept { return p_.span(); }
  std::span<const std::uint64_t> q() const noexcept { return q_.span(); }

 private:
  SecretKey(PublicKey public_key, internal::SecretLimbs p, internal::SecretLimbs q)
      : public_key_(std::move(public_key)), p_(std::move(p)), q_(std::move(q)) {}

  PublicKey public_key_;
  internal::SecretLimbs p_, q_;
};

}  // namespace cloister::paillier
