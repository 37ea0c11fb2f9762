#pragma once

#include "cloister/bfv/ciphertext.h"
#include "cloister/bfv/parameters.h"
#include "cloister/rlwe/keys.h"

namespace cloister::bfv {

/// Encrypts under a public key, for parties that hold no secret. Noise: fresh_public_noise. Throws
/// PrecisionError where t is too large for Q, MismatchError for a key of other parameters.
Ciphertext encrypt(const Parameters& parameters, const rlwe::PublicKey& key, const Plaintext& plaintext,
                   Prng& prng, const ThreadPool& pool);

}  // namespace cloister::bfv
