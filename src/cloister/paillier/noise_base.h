#pragma once

#include "cloister/math/big_integer.h"
#include "cloister/random/prng.h"

namespace cloister::paillier {

/// A base of n-th residues modulo n^2, whose powers hide plaintexts (PublicNoise).
/// Math: h = (s x^2)^n mod n^2 for an x that is uniform but for a factor of two and coprime to n; s = -1 if n
/// is 1 modulo 4, else 1, so that h has the Jacobi symbol 1. Needs n alone: anybody can make one.
/// The noise of h is that of n-th powers of powers of s x^2, ordinary Paillier with its random numbers from
/// one cyclic group. Where n's factors are generated here, that group has the squares in it; where they are
/// other random primes, it lacks small factors of p - 1 and q - 1 and is still too large to search.
/// Errors: ParametersError unless n is odd, more than 1 and of whole limbs.
/// Source: Damgard, Jurik, Nielsen 2010, section 4.2; s = 1 is ours, for factors of any residue modulo 4.
BigInteger make_noise_base(const BigInteger& n, Prng& prng);

/// The same with the x that follows from n: stream 0 of the seed SHA-256("cloister noise base 1", n), n in
/// big-endian bytes. Part of the file formats: ids of keys that were taken over depend on it. That x is known
/// tells nothing but what h is said to be, an n-th residue; anybody can check it.
BigInteger standard_noise_base(const BigInteger& n);

}  // namespace cloister::paillier
