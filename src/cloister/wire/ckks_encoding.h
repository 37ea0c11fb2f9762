#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "cloister/base/thread_pool.h"
#include "cloister/ckks/ciphertext.h"
#include "cloister/ckks/parameters.h"

namespace cloister::wire {

/// A ciphertext as one payload of exactly rlwe::encoded_bytes_of_ciphertext bytes. One that is fresh from the
/// owner's key travels as its first part and a seed. Only the normal form travels: two or three parts, and
/// the scale of its level to the bit. Errors: ParametersError (another scale, a bound that is negative or not
/// finite, parts that do not fit each other), MismatchError (a ciphertext of other parameters).
std::vector<std::uint8_t> encode_ciphertext(const ckks::Ciphertext& ciphertext,
                                            const ckks::Parameters& parameters, const ThreadPool& pool);
/// The same, appended to `out`.
void append_ciphertext(const ckks::Ciphertext& ciphertext, const ckks::Parameters& parameters,
                       std::vector<std::uint8_t>& out, const ThreadPool& pool);

/// The inverse, for bytes that may be hostile; they must be exactly one ciphertext. What it may allocate is
/// bounded by the parameters. The seed, if any, is kept. Of a ciphertext above `most_level` only the limbs of
/// that level are read and checked, at the scale of its own: for Evaluator::add_product.
/// Errors: DecodeError (a field out of its bounds, a wrong length, a residue not below its prime),
/// MismatchError (other parameters, another scale).
ckks::Ciphertext decode_ciphertext(std::span<const std::uint8_t> payload, const ckks::Parameters& parameters,
                                   const ThreadPool& pool, int most_level = std::numeric_limits<int>::max());

}  // namespace cloister::wire
