#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cloister/base/bytes.h"
#include "cloister/base/thread_pool.h"
#include "cloister/random/prng.h"
#include "cloister/ring/rns_poly.h"
#include "cloister/rlwe/parameters.h"

namespace cloister::wire::internal {

// What ciphertexts of every scheme have in common: the id of their parameters and their form, then fields of
// the scheme's own, then a seed, if there is one, and the parts that it does not expand to.

struct CiphertextForm {
  int level;
  std::size_t parts;
  bool seeded;
};

/// Throws ParametersError unless there are two or three parts of equal limbs of Q, the second of which is
/// what a seed expands to, and MismatchError if they are of other parameters.
void require_parts(std::span<const EvaluationPoly> parts, const std::optional<Seed>& seed,
                   const rlwe::Parameters& parameters, const ThreadPool& pool);

/// The id, level u32, parts u16 and seeded u16.
void put_form(ByteWriter& header, const Bytes32& id, std::span<const EvaluationPoly> parts,
              const std::optional<Seed>& seed);
/// The same without the id. Throws DecodeError for a level above `max_level` or another number of parts.
CiphertextForm get_form(ByteReader& reader, int max_level);

/// Appends a header, a seed, and the parts.
void append_parts(std::span<const std::uint8_t> header, std::span<const EvaluationPoly> parts,
                  const std::optional<Seed>& seed, const rlwe::Parameters& parameters,
                  std::vector<std::uint8_t>& out, const ThreadPool& pool);
/// What is left of a payload: a seed and parts, of which no more limbs are read than `most_level` has. Throws
/// DecodeError for a wrong length or a residue that is not below its prime.
std::vector<EvaluationPoly> take_parts(ByteReader& reader, const CiphertextForm& form, int most_level,
                                       const rlwe::Parameters& parameters, std::optional<Seed>& seed,
                                       const ThreadPool& pool);

}  // namespace cloister::wire::internal
