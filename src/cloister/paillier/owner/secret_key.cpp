#include "cloister/paillier/owner/secret_key.h"

#include "cloister/base/error.h"
#include "cloister/paillier/owner/key_generation.h"

namespace cloister::paillier {

SecretKey SecretKey::create_vartime(const BigInteger& p, const BigInteger& q, BigInteger h) {
  if (const char* fault = factor_fault_vartime(p, q)) throw ParametersError(fault);
  PublicKey public_key = PublicKey::create(p * q, std::move(h));
  const std::size_t limbs = public_key.plaintext_limbs() / 2;
  internal::SecretLimbs p_limbs(limbs), q_limbs(limbs);
  p.to_limbs(p_limbs.span());
  q.to_limbs(q_limbs.span());
  return SecretKey(std::move(public_key), std::move(p_limbs), std::move(q_limbs));
}

}  // namespace cloister::paillier
