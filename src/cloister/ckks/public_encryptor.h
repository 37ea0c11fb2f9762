#pragma once

#include "cloister/ckks/ciphertext.h"
#include "cloister/ckks/parameters.h"
#include "cloister/rlwe/keys.h"

namespace cloister::ckks {

/// Encrypts under a public key, for parties that hold no secret. Noise: rlwe::fresh_public_variance.
Ciphertext encrypt(const Parameters& parameters, const rlwe::PublicKey& key, const Plaintext& plaintext,
                   Prng& prng, const ThreadPool& pool);

}  // namespace cloister::ckks
