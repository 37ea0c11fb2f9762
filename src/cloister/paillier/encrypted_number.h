#pragma once

#include <span>
#include <vector>

#include "cloister/paillier/encrypted_vector.h"
#include "cloister/paillier/evaluator.h"

namespace cloister::paillier {

/// A ciphertext with an exponent of its own, as python-paillier has them: it stands for m * 16^exponent,
/// where m is the plaintext, or the plaintext less n where that is above n / 2, and |m| < n / 3. The exponent
/// is public, and follows from the value and its type: from a number as floats it tells the order of
/// magnitude.
struct EncryptedNumber {
  BigInteger ciphertext;
  int exponent = 0;
};
/// Exponents of other size are no numbers of doubles, nor of products of a few.
inline constexpr int kMaxExponent = kMaxFractionBits / 4;

/// Numbers of any exponents as one vector, one a ciphertext, none packed. The caller states that no value's
/// magnitude exceeds 2^integer_bits; a value that does is found when the vector is decrypted.
/// Math: with E the least exponent and 0, entry i is c_i^(16^(e_i - E)), of -4 E fraction bits.
/// Cost: 4 (e_i - E) squarings modulo n^2 an entry, at most as many as n has bits.
/// Errors: ParametersError (none; a ciphertext or an exponent out of its range, by its index); PrecisionError
/// (the stated bound does not fit the key with so many fraction bits, or an exponent exceeds it by itself).
EncryptedVector align(const PublicKey& key, std::span<const EncryptedNumber> numbers, int integer_bits,
                      const ThreadPool& pool);

/// A vector's entries as numbers of one exponent: fraction bits are filled up to a multiple of 4 first. They
/// are its ciphertexts, or functions of them alone: see Evaluator::rerandomize.
/// Errors: ParametersError (packed slots); PrecisionError (a bound of n / 3 or more); MismatchError.
std::vector<EncryptedNumber> numbers_of(const EncryptedVector& vector, const Evaluator& evaluator);

}  // namespace cloister::paillier
