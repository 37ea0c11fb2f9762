#pragma once

#include <cstdint>
#include <span>

#include "cloister/paillier/internal/secret_modulus.h"
#include "cloister/paillier/public_key.h"

namespace cloister::paillier {

/// The factors of a key's n. Move-only, locked and wiped, never printed or compared.
/// Invariant, checked where it is made: p and q are primes of half n's bits, both 3 modulo 4, more than
/// 2^(bits/2 - 100) apart, with gcd((p - 1) / 2, (q - 1) / 2) = 1; and the public key's h is an n-th residue.
/// Adopted keys promise less: see adopt_vartime.
class SecretKey {
 public:
  /// Throws ParametersError that names the condition which fails; as PublicKey::create else.
  /// Cost: about 35 ms at 3072 bits.  Secrets: variable time in the factors, once at loading.
  static SecretKey create_vartime(const BigInteger& p, const BigInteger& q, BigInteger h);
  /// The factors of an adopted key, as other libraries choose them: primes of half n's bits, both odd and not
  /// the same. Throws ParametersError that names what fails.
  static SecretKey adopt_vartime(const PublicKey& public_key, const BigInteger& p, const BigInteger& q);

  const PublicKey& public_key() const noexcept { return public_key_; }
  std::span<const std::uint64_t> p() const noexcept { return p_.span(); }
  std::span<const std::uint64_t> q() const noexcept { return q_.span(); }

 private:
  static SecretKey of_factors(PublicKey public_key, const BigInteger& p, const BigInteger& q);
  SecretKey(PublicKey public_key, internal::SecretLimbs p, internal::SecretLimbs q)
      : public_key_(std::move(public_key)), p_(std::move(p)), q_(std::move(q)) {}

  PublicKey public_key_;
  internal::SecretLimbs p_, q_;
};

}  // namespace cloister::paillier
