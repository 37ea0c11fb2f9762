#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "cloister/base/memory.h"
#include "cloister/math/modulus.h"

namespace cloister {

/// A constant factor w with its quotient floor(w * 2^B / q): B = 52 for moduli below 2^50, whose products
/// are of 52 bits, else 64.
struct VectorRoot {
  static constexpr int kMaxNarrowBits = 50;

  std::uint64_t value = 0;
  std::uint64_t quotient = 0;

  VectorRoot() = default;
  /// floor(floor(w * 2^64 / q) / 2^12) is floor(w * 2^52 / q).
  VectorRoot(const ShoupFactor& w, const Modulus& q)
      : value(w.value), quotient(q.bits() <= kMaxNarrowBits ? w.quotient >> 12 : w.quotient) {}
};

/// What an arithmetic reads of the lower roots.
enum class LowerRootWords { kValues, kQuotients, kBoth };

/// The roots of one direction of a transform, in the order in which kernels on vectors of eight 64-bit
/// lanes read them, or of four, a half of eight at a time. Memory: 16 N bytes.
class VectorRoots {
 public:
  static constexpr std::size_t kMinDegree = 128;

  VectorRoots() = default;
  /// `roots[i]` in bit-reversed order, N of them, N >= 64.
  VectorRoots(std::span<const ShoupFactor> roots, const Modulus& q);

  bool empty() const noexcept { return upper_.empty(); }
  /// roots[i] for i in [0, N/8): of the layers whose operands lie eight or more apart.
  const VectorRoot* upper() const noexcept { return upper_.data(); }
  /// Of the three other layers, [N/64][7][8]: for 64 coefficients a group of seven vectors, lane b for the
  /// b-th eight coefficients. Vector 0 is of distance 4; 1 and 2 are of distance 2; 3 to 6 of distance 1, in
  /// the order of the butterflies. Values and quotients lie apart, for kernels that do with one of them:
  /// there are as many as there are coefficients, and fetching them is a good part of what a transform takes.
  const std::uint64_t* lower_values() const noexcept { return lower_values_.data(); }
  const std::uint64_t* lower_quotients() const noexcept { return lower_quotients_.data(); }
  static constexpr std::size_t kLowerGroupWords = std::size_t{7} * 8;

 private:
  Buffer<VectorRoot> upper_;
  Buffer<std::uint64_t> lower_values_, lower_quotients_;
};

}  // namespace cloister
