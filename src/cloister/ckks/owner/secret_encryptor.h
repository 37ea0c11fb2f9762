#pragma once

#include "cloister/ckks/ciphertext.h"
#include "cloister/ckks/parameters.h"
#include "cloister/rlwe/owner/secret_key.h"

namespace cloister::ckks {

/// Encrypts under the owner's secret key: less noise than under a public one, and half the bytes, since
/// the second part is the expansion of the ciphertext's seed.
Ciphertext encrypt(const Parameters& parameters, const rlwe::SecretKey& key, const Plaintext& plaintext,
                   Prng& prng, const ThreadPool& pool);

}  // namespace cloister::ckks
