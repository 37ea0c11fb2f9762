#include "cloister/bfv/public_encryptor.h"

#include "cloister/bfv/internal/checks.h"
#include "cloister/bfv/internal/scaled_message.h"
#include "cloister/bfv/noise.h"
#include "cloister/ring/poly_ops.h"
#include "cloister/rlwe/public_encryption.h"

namespace cloister::bfv {

Ciphertext encrypt(const Parameters& parameters, const rlwe::PublicKey& key, const Plaintext& plaintext,
                   Prng& prng, const ThreadPool& pool) {
  internal::require_ring(parameters, key.b, "public key");
  const auto message = internal::scaled_message(parameters, plaintext, parameters.max_level(), pool);
  auto [b, a] = rlwe::encrypt_zero(key, message.limbs().q, prng, pool);
  add(b, message, b, pool);
  Ciphertext out{{}, fresh_public_noise(parameters), {}};
  out.parts.push_back(std::move(b));
  out.parts.push_back(std::move(a));
  internal::require_budget(parameters, out.noise, "encrypt");
  return out;
}

}  // namespace cloister::bfv
