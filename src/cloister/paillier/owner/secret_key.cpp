#include "cloister/paillier/owner/secret_key.h"

#include "cloister/base/error.h"
#include "cloister/paillier/owner/key_generation.h"

namespace cloister::paillier {
namespace {

/// Whether h is a power to n modulo p^2: those have orders that divide p - 1.
bool is_residue_vartime(const BigInteger& h, const BigInteger& p) {
  return power_vartime(h, p - BigInteger(1), p * p) == BigInteger(1);
}

}  // namespace

SecretKey SecretKey::create_vartime(const BigInteger& p, const BigInteger& q, BigInteger h) {
  if (const char* fault = factor_fault_vartime(p, q)) throw ParametersError(fault);
  PublicKey public_key = PublicKey::create(p * q, std::move(h));
  if (!is_residue_vartime(public_key.h(), p) || !is_residue_vartime(public_key.h(), q))
    throw ParametersError("the key's h is not an n-th residue: it would add to what it is to hide");
  const std::size_t limbs = public_key.plaintext_limbs() / 2;
  internal::SecretLimbs p_limbs(limbs), q_limbs(limbs);
  p.to_limbs(p_limbs.span());
  q.to_limbs(q_limbs.span());
  return SecretKey(std::move(public_key), std::move(p_limbs), std::move(q_limbs));
}

}  // namespace cloister::paillier
