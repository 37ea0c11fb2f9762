#pragma once

#include "cloister/paillier/owner/secret_key.h"
#include "cloister/random/prng.h"

namespace cloister::paillier {

/// A fresh key. The primes come from OpenSSL's generator and its own random source; `prng` gives x of
/// h = -(x^2)^n mod n^2. Cost: seconds at 3072 bits.
/// Errors: SecurityError below kMinModulusBits, ParametersError for another unsupported length,
/// ResourceError if OpenSSL fails.
SecretKey generate_key(int modulus_bits, Prng& prng);

/// Which of the conditions on a key's factors (see SecretKey) fails; null if none does.
const char* factor_fault_vartime(const BigInteger& p, const BigInteger& q);

}  // namespace cloister::paillier
