#include "cloister/bfv/owner/secret_encryptor.h"

#include "cloister/bfv/internal/checks.h"
#include "cloister/bfv/internal/scaled_message.h"
#include "cloister/bfv/noise.h"
#include "cloister/rlwe/owner/encryption.h"

namespace cloister::bfv {

Ciphertext encrypt(const Parameters& parameters, const rlwe::SecretKey& key, const Plaintext& plaintext,
                   Prng& prng, const ThreadPool& pool) {
  if (key.parameters()->ring() != parameters.ring())
    throw MismatchError("the secret key belongs to other parameters", "secret key", "parameters");
  const auto message = internal::scaled_message(parameters, plaintext, parameters.max_level(), pool);
  auto pair = rlwe::encrypt(key, message, prng, pool);
  Ciphertext out{{}, fresh_secret_noise(parameters), pair.seed};
  out.parts.push_back(std::move(pair.b));
  out.parts.push_back(std::move(pair.a));
  internal::require_budget(parameters, out.noise, "encrypt");
  return out;
}

}  // namespace cloister::bfv
