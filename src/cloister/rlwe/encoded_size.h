#pragma once

#include <cstddef>
#include <cstdint>

#include "cloister/ring/ring.h"
#include "cloister/rlwe/parameters.h"

namespace cloister::rlwe {

// How many bytes things take when they travel and where they lie, exactly, from a chain of primes alone: for
// plans, which are made before any table is built. `wire` writes exactly these sizes, and fails otherwise.
// All throw ParametersError for limbs that the chain does not have.

/// Of everything: the parameters' id.
inline constexpr std::size_t kParametersIdBytes = 32;
/// Of what half is expanded from: a seed.
inline constexpr std::size_t kSeedBytes = 32;
/// Of a CKKS ciphertext: id, level, parts, seeded or not, scale and bound.
inline constexpr std::size_t kCiphertextHeaderBytes = kParametersIdBytes + 4 + 2 + 2 + std::size_t{3} * 8;
/// Of an evaluation key: id, Galois element, limbs, digits.
inline constexpr std::size_t kKeyHeaderBytes = kParametersIdBytes + 8 + 4 + 4;

/// A polynomial's residues, each in as many bits as its prime has.
std::uint64_t encoded_bytes_of_poly(const ParametersSpec& spec, LimbSet limbs);
/// The parts of a ciphertext of the first level + 1 limbs; of one whose second part is the expansion of a
/// seed, only the others and the seed.
std::uint64_t encoded_bytes_of_parts(const ParametersSpec& spec, int level, bool seeded, std::size_t parts);
/// A CKKS ciphertext: its header and its parts.
std::uint64_t encoded_bytes_of_ciphertext(const ParametersSpec& spec, int level, bool seeded,
                                          std::size_t parts = 2);
/// A relinearization or Galois key for polynomials of up to `q_limbs` limbs.
std::uint64_t encoded_bytes_of_key(const ParametersSpec& spec, std::size_t q_limbs);
/// EncapsulationKeys: the two keys.
std::uint64_t encoded_bytes_of_key_to_sparse(const ParametersSpec& spec);
std::uint64_t encoded_bytes_of_key_to_dense(const ParametersSpec& spec);
std::uint64_t encoded_bytes_of_public_key(const ParametersSpec& spec);

/// What such keys take in memory: both halves, a word a residue.
std::uint64_t memory_bytes_of_key(const ParametersSpec& spec, std::size_t q_limbs);
std::uint64_t memory_bytes_of_key_to_sparse(const ParametersSpec& spec);
std::uint64_t memory_bytes_of_key_to_dense(const ParametersSpec& spec);

/// A file or message is its header and end, and each of its payloads framed.
inline constexpr std::uint64_t kContainerBytes = 40 + 48 + 40;
constexpr std::uint64_t framed_bytes(std::uint64_t payload_bytes) noexcept {
  return 48 + (payload_bytes + 7) / 8 * 8;
}

}  // namespace cloister::rlwe
