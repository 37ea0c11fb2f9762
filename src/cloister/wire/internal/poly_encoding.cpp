#include "cloister/wire/internal/poly_encoding.h"

#include <vector>

#include "cloister/base/bytes.h"
#include "cloister/wire/bit_packing.h"

namespace cloister::wire::internal {
namespace {

/// Where each limb begins, and after the last of them the end.
std::vector<std::size_t> limb_offsets(const Ring& ring, LimbSet limbs) {
  std::vector<std::size_t> offsets{0};
  for (std::size_t i = 0; i < limbs.count(); ++i) {
    const Modulus& q = ring.modulus(ring.prime_index(limbs, i));
    offsets.push_back(offsets.back() + packed_bytes(ring.degree(), q.bits()));
  }
  return offsets;
}

}  // namespace

void put_poly(const EvaluationPoly& poly, std::span<std::uint8_t>& room, const ThreadPool& pool) {
  const auto offsets = limb_offsets(*poly.ring(), poly.limbs());
  if (room.size() < offsets.back()) throw InternalError("an encoded polynomial is larger than predicted");
  pool.parallel_for(poly.limbs().count(), [&](std::size_t i) {
    pack_bits(poly.limb_span(i), poly.modulus(i).bits(),
              room.subspan(offsets[i], offsets[i + 1] - offsets[i]));
  });
  room = room.subspan(offsets.back());
}

EvaluationPoly take_poly(const std::shared_ptr<const Ring>& ring, LimbSet limbs,
                         std::span<const std::uint8_t>& bytes, const ThreadPool& pool) {
  return take_poly(ring, limbs, limbs, bytes, pool);
}

EvaluationPoly take_poly(const std::shared_ptr<const Ring>& ring, LimbSet limbs, LimbSet read,
                         std::span<const std::uint8_t>& bytes, const ThreadPool& pool) {
  if (read.q > limbs.q || (read != limbs && limbs.p != 0))
    throw InternalError("the limbs to read are not the first of an encoded polynomial");
  const auto offsets = limb_offsets(*ring, limbs);
  if (bytes.size() < offsets.back()) throw InternalError("an encoded polynomial's length was not checked");
  auto poly = EvaluationPoly::uninitialized(ring, read);
  pool.parallel_for(read.count(), [&](std::size_t i) {
    try {
      unpack_bits(bytes.subspan(offsets[i], offsets[i + 1] - offsets[i]), poly.modulus(i).bits(),
                  poly.modulus(i).value(), poly.limb_span(i));
    } catch (const DecodeError& e) {
      throw DecodeError("limb " + std::to_string(i) + " of a polynomial", offsets[i] + e.offset(),
                        "a residue is not below its prime; the bytes were not made by Cloister");
    }
  });
  bytes = bytes.subspan(offsets.back());
  return poly;
}

namespace {

// Rings of the same primes are the same, wherever they were made: those of ephemeral secrets are made anew.
bool is_same(const Ring& a, const Ring& b) {
  if (a.degree() != b.degree() || a.q_count() != b.q_count() || a.p_count() != b.p_count()) return false;
  for (std::size_t i = 0; i < a.q_count() + a.p_count(); ++i)
    if (a.modulus(i).value() != b.modulus(i).value()) return false;
  return true;
}

}  // namespace

void require_ring(const EvaluationPoly& poly, const rlwe::Parameters& parameters, const char* what) {
  if (poly.ring() != parameters.ring() && !is_same(*poly.ring(), *parameters.ring()))
    throw MismatchError(std::string(what) + " is encoded with other parameters than it was made with",
                        "ring degree 2^" + std::to_string(poly.ring()->log2_degree()),
                        "parameters " + to_hex(parameters.id()).substr(0, 12));
}

void require_same_id(const Bytes32& id, const Bytes32& due, const char* what) {
  if (id != due)
    throw MismatchError(
        std::string(what) + " was made with other parameters than those in use; use files of one plan",
        "parameters " + to_hex(id).substr(0, 12), "parameters " + to_hex(due).substr(0, 12));
}

void require_parameters_id(const Bytes32& id, const rlwe::Parameters& parameters, const char* what) {
  require_same_id(id, parameters.id(), what);
}

void require_size(std::uint64_t have, std::uint64_t due, const char* what) {
  if (have != due)
    throw DecodeError(what, have < due ? have : due,
                      "it has " + std::to_string(have) + " bytes, and its header calls for " +
                          std::to_string(due) + "; copy it again or make it anew");
}

void require_filled(std::span<const std::uint8_t> room) {
  if (!room.empty()) throw InternalError("an encoding is smaller than predicted");
}

}  // namespace cloister::wire::internal
