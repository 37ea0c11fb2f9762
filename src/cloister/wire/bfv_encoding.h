#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cloister/base/thread_pool.h"
#include "cloister/bfv/ciphertext.h"
#include "cloister/bfv/parameters.h"

namespace cloister::wire {

/// Of a BFV ciphertext: id, level, parts, seeded or not, noise.
inline constexpr std::size_t kBfvCiphertextHeaderBytes = 32 + 4 + 2 + 2 + 4 + 8;

/// A BFV ciphertext as one payload: kBfvCiphertextHeaderBytes and rlwe::encoded_bytes_of_parts. One that is
/// fresh from the owner's key travels as its first part and a seed. Errors: ParametersError (parts that do
/// not fit each other, a noise bound that could not be), MismatchError (a ciphertext of another ring).
std::vector<std::uint8_t> encode_ciphertext(const bfv::Ciphertext& ciphertext,
                                            const bfv::Parameters& parameters, const ThreadPool& pool);
/// The same, appended to `out`.
void append_ciphertext(const bfv::Ciphertext& ciphertext, const bfv::Parameters& parameters,
                       std::vector<std::uint8_t>& out, const ThreadPool& pool);

/// The inverse, for bytes that may be hostile; they must be exactly one ciphertext. What it may allocate is
/// bounded by the parameters. The noise bound is the sender's word, within what can be: at least that of a
/// ciphertext that was just made at its level, and with as much budget as decryption needs. Errors:
/// DecodeError (a field out of its bounds, a wrong length, a residue not below its prime), MismatchError
/// (other parameters).
bfv::Ciphertext decode_ciphertext(std::span<const std::uint8_t> payload, const bfv::Parameters& parameters,
                                  const ThreadPool& pool);

/// What parameters are made from, as one payload.
std::vector<std::uint8_t> encode_parameters(const bfv::ParametersSpec& spec);
/// The inverse, for bytes that may be hostile. Bounded: degrees up to 2^max_log2_degree and as many primes as
/// secure chains have; bfv::Parameters::create checks the rest, security first. Errors: DecodeError.
bfv::ParametersSpec decode_parameters(std::span<const std::uint8_t> payload, int max_log2_degree = 16);

}  // namespace cloister::wire
