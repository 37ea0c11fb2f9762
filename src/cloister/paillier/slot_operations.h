#pragma once

#include <cstdint>
#include <span>

#include "cloister/paillier/evaluator.h"

namespace cloister::paillier {

// Moving packed values, and packing ciphertexts that are there, without any secret. A plaintext times
// 2^(k bits_per_slot) has its values k slots higher; plaintexts whose values lie in different slots add up to
// one that holds them all. Values stay as they are, and so do bound and fraction bits. What was packed cannot
// be unpacked without the key: that is decryption's. Errors: as Evaluator; PrecisionError where the bound
// does not fit the slots.

/// The values of a vector `slots` slots higher, with zeros below: entry i becomes entry i + slots. For
/// vectors that lie in one ciphertext, with room for the shift (ParametersError else). Cost: slots x
/// bits_per_slot squarings.
EncryptedVector shift(const Evaluator& evaluator, const EncryptedVector& a, std::uint32_t slots);

/// The values of all parts after each other, in as few ciphertexts as `packing` gives. Parts have one number
/// of fraction bits, and slots as wide as the packing's or one value a ciphertext. A ciphertext's values stay
/// together: where those of one would be divided between two of the result, it is a ParametersError. Cost:
/// slots x bits_per_slot squarings a ciphertext of the result, eight of them at once where there are kernels
/// for that: 5 ms each at 3072 bits, one alone as much as eight. So pack what travels or is decrypted, and
/// encrypt packed what can be. Source: Horner's rule over the slots, from the highest.
EncryptedVector concatenate(const Evaluator& evaluator, std::span<const EncryptedVector> parts,
                            const Packing& packing);

/// One vector in another packing: such as one value a ciphertext into many, before results are sent.
EncryptedVector pack(const Evaluator& evaluator, const EncryptedVector& a, const Packing& packing);

}  // namespace cloister::paillier
