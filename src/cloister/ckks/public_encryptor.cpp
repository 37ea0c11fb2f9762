#include "cloister/ckks/public_encryptor.h"

#include "cloister/ckks/noise.h"
#include "cloister/ring/poly_ops.h"
#include "cloister/rlwe/noise.h"
#include "cloister/rlwe/public_encryption.h"

namespace cloister::ckks {

Ciphertext encrypt(const Parameters& parameters, const rlwe::PublicKey& key, const Plaintext& plaintext,
                   Prng& prng, const ThreadPool& pool) {
  auto [b, a] = rlwe::encrypt_zero(key, plaintext.poly.limbs().q, prng, pool);
  add(b, plaintext.poly, b, pool);
  Ciphertext out{{}, plaintext.scale, plaintext.bound, {}};
  out.parts.push_back(std::move(b));
  out.parts.push_back(std::move(a));
  out.bound.error +=
      product_error_bound(parameters, rlwe::fresh_public_variance(*parameters.rlwe()), plaintext.scale);
  return out;
}

}  // namespace cloister::ckks
