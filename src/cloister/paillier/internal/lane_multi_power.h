#pragma once

#include <span>

#include "cloister/paillier/internal/square_lanes.h"

namespace cloister::paillier::internal {

/// Products of many powers with the same public exponents for every row. What takes the fewest
/// multiply-adds is done:
/// - Straus 1964: rows in lanes, one chain of squarings for all terms, and a table of odd powers a term;
/// - Pippenger 1980: rows in lanes, terms sorted into buckets by a window of their exponents, each term
///   multiplied once a window;
/// - Pippenger with the windows in lanes, for less than eight rows: each term is multiplied once, into a
/// bucket
///   of each lane's own.
class MultiPower {
 public:
  MultiPower(const SquareLanes& lanes, std::span<const std::uint64_t> exponents);

  /// out[i] = product of bases[t][i]^exponents[t] for count <= 8 rows that start `offset` limbs into the
  /// bases.
  void run(std::span<const std::uint64_t* const> bases, std::size_t offset, std::size_t count,
           std::uint64_t* out) const;

 private:
  using Scratch = SquareLanes::Scratch;

  void straus(std::span<const std::uint64_t* const> bases, std::size_t offset, std::size_t count,
              std::uint64_t* result, Scratch& scratch) const;
  void buckets(std::span<const std::uint64_t* const> bases, std::size_t offset, std::size_t count,
               std::uint64_t* result, Scratch& scratch) const;
  void buckets_by_lane(std::span<const std::uint64_t* const> bases, std::size_t offset, std::uint64_t* result,
                       Scratch& scratch) const;

  const SquareLanes& lanes_;
  std::span<const std::uint64_t> exponents_;
  std::size_t bits_;  ///< of the longest exponent
  std::size_t straus_window_, bucket_window_, lane_window_;
  std::size_t straus_cost_, bucket_cost_, lane_cost_;  ///< in tenths of a multiplication
};

}  // namespace cloister::paillier::internal
