#pragma once

#include <memory>
#include <span>
#include <vector>

#include "cloister/ring/ring.h"

namespace cloister {

/// Brings residues modulo the product A of some primes of a ring to other primes: of the integer in
/// about [-A/2, A/2] that they stand for, centred, not only up to multiples of A (the quotient is
/// rounded in double precision: where the integer is within A * 2^-45 of +-A/2, either sign may come
/// out). Immutable.
/// Source: Halevi, Polyakov, Shoup, "An improved RNS variant of the BFV scheme", 2019, section 2.
class BaseConverter {
 public:
  /// Prime indices of the ring; disjoint.
  BaseConverter(const Ring& ring, std::vector<std::size_t> from, std::vector<std::size_t> to);

  std::span<const std::size_t> from() const noexcept { return from_; }
  std::span<const std::size_t> to() const noexcept { return to_; }
  /// Words of scratch that scale() fills: [from][N] scaled residues, then [N] quotients.
  std::size_t scratch_words(std::size_t degree) const noexcept { return (from_.size() + 1) * degree; }

  /// First half: scales the inputs ([from] pointers to N canonical residues in the coefficient domain)
  /// and rounds the quotients into `scratch`. Cost: |from| multiplies a coefficient.
  void scale(const Ring& ring, std::span<const std::uint64_t* const> in, std::uint64_t* scratch) const;
  /// Second half, for one output prime (index into to()): |from| + 1 multiply-adds a coefficient. Safe
  /// to call for several outputs at once.
  void convert(const Ring& ring, const std::uint64_t* scratch, std::size_t to, std::uint64_t* out) const;

 private:
  std::vector<std::size_t> from_, to_;
  int from_bits_ = 0;                      // of the largest a_j
  std::vector<ShoupFactor> inverse_hats_;  // (A / a_j)^-1 mod a_j
  std::vector<double> reciprocals_;        // 1 / a_j
  std::vector<std::uint64_t> constants_;   // [to][from + 1]: A / a_j mod b_i, then -A mod b_i
};

}  // namespace cloister
