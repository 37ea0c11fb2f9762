#pragma once

#include "cloister/bfv/ciphertext.h"
#include "cloister/bfv/parameters.h"
#include "cloister/rlwe/owner/secret_key.h"

namespace cloister::bfv {

/// Encrypts under the owner's secret key: less noise than under a public one, and half the bytes, since
/// the second part is the expansion of the ciphertext's seed. Throws PrecisionError where t is too large for
/// Q, MismatchError for a key of other parameters.
Ciphertext encrypt(const Parameters& parameters, const rlwe::SecretKey& key, const Plaintext& plaintext,
                   Prng& prng, const ThreadPool& pool);

}  // namespace cloister::bfv
