#include "cloister/ckks/owner/secret_encryptor.h"

#include "cloister/ckks/noise.h"
#include "cloister/rlwe/noise.h"
#include "cloister/rlwe/owner/encryption.h"

namespace cloister::ckks {

Ciphertext encrypt(const Parameters& parameters, const rlwe::SecretKey& key, const Plaintext& plaintext,
                   Prng& prng, const ThreadPool& pool) {
  auto pair = rlwe::encrypt(key, plaintext.poly, prng, pool);
  Ciphertext out{{}, plaintext.scale, plaintext.bound, pair.seed};
  out.parts.push_back(std::move(pair.b));
  out.parts.push_back(std::move(pair.a));
  out.bound.error += slot_error_bound(parameters, rlwe::fresh_secret_variance(), plaintext.scale);
  return out;
}

}  // namespace cloister::ckks
