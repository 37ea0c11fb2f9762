#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "cloister/base/error.h"
#include "cloister/base/thread_pool.h"
#include "cloister/ring/rns_poly.h"
#include "cloister/rlwe/parameters.h"

namespace cloister::wire::internal {

/// Takes encoded polynomials from the front of a payload, or puts them there: the residues of limb after
/// limb, each in the bits of its prime, in the order of the evaluation domain. One limb a task.
void put_poly(const EvaluationPoly& poly, std::span<std::uint8_t>& room, const ThreadPool& pool);
/// `bytes` has been checked to be long enough. Errors: DecodeError (a residue not below its prime).
EvaluationPoly take_poly(const std::shared_ptr<const Ring>& ring, LimbSet limbs,
                         std::span<const std::uint8_t>& bytes, const ThreadPool& pool);

/// The same of the limbs `read` alone, the first of `limbs`, which has none of P then; the others are
/// skipped.
EvaluationPoly take_poly(const std::shared_ptr<const Ring>& ring, LimbSet limbs, LimbSet read,
                         std::span<const std::uint8_t>& bytes, const ThreadPool& pool);

/// Throws MismatchError: `what` is of another ring than the parameters'.
void require_ring(const EvaluationPoly& poly, const rlwe::Parameters& parameters, const char* what);
/// Throws MismatchError unless the id that `what` carries is that of the parameters.
void require_parameters_id(const Bytes32& id, const rlwe::Parameters& parameters, const char* what);
/// The same of ids of any kind of parameters.
void require_same_id(const Bytes32& id, const Bytes32& due, const char* what);
/// Throws DecodeError unless a payload has the size that its header calls for.
void require_size(std::uint64_t have, std::uint64_t due, const char* what);
/// Throws InternalError unless a whole payload was filled: the sizes of rlwe/encoded_size.h are exact.
void require_filled(std::span<const std::uint8_t> room);

/// Calls `decode`, and adds to its errors where the bytes come from.
template <typename Decode>
auto naming_source(const std::string& source, Decode decode) {
  try {
    return decode();
  } catch (const DecodeError& e) {
    throw DecodeError(source, e.offset(), e.what());
  } catch (const MismatchError& e) {
    throw MismatchError(source + " does not fit what it is used with; use files of one plan", e.left(),
                        e.right());
  }
}

}  // namespace cloister::wire::internal
