#pragma once

#include "cloister/paillier/owner/secret_key.h"
#include "cloister/random/prng.h"

namespace cloister::paillier {

/// A fresh key. The primes come from OpenSSL's generator and its own random source; `prng` gives x of
/// h = -(x^2)^n mod n^2. Cost: seconds at 3072 bits.
/// Errors: SecurityError below kMinModulusBits, ParametersError for another unsupported length,
/// ResourceError if OpenSSL fails.
SecretKey generate_key(int modulus_bits, Prng& prng);

/// Which of the conditions on every key's factors (see SecretKey) fails; null if none does.
const char* factor_fault_vartime(const BigInteger& p, const BigInteger& q);
/// Likewise, of those and what generated keys have besides: both factors are 3 modulo 4 and
/// gcd((p - 1) / 2, (q - 1) / 2) = 1, so that the numbers of Jacobi symbol 1, where noise lies, are a cyclic
/// group. Source: Damgard, Jurik, Nielsen 2010, section 4.2.
const char* generated_factor_fault_vartime(const BigInteger& p, const BigInteger& q);

}  // namespace cloister::paillier
