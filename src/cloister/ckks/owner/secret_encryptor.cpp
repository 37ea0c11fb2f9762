#include "cloister/ckks/owner/secret_encryptor.h"

#include "cloister/ckks/noise.h"
#include "cloister/ring/poly_ops.h"
#include "cloister/rlwe/noise.h"
#include "cloister/rlwe/owner/encryption.h"

namespace cloister::ckks {

Ciphertext encrypt(const Parameters& parameters, const rlwe::SecretKey& key, const Plaintext& plaintext,
                   Prng& prng, const ThreadPool& pool) {
  auto zero = rlwe::encrypt_zero(key, plaintext.poly.limbs(), prng, pool);
  add(zero.b, plaintext.poly, zero.b, pool);
  Ciphertext out{{}, plaintext.scale, plaintext.bound, zero.seed};
  out.parts.push_back(std::move(zero.b));
  out.parts.push_back(std::move(zero.a));
  out.bound.error += slot_error_bound(parameters, rlwe::fresh_secret_variance(), plaintext.scale);
  return out;
}

}  // namespace cloister::ckks
