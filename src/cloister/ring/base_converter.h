#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cloister/base/thread_pool.h"
#include "cloister/ring/ring.h"

namespace cloister {

/// Brings residues modulo the product A of some primes of a ring to other primes: of the integer in
/// about [-A/2, A/2] that they stand for, centred, not only up to multiples of A (the quotient is
/// rounded in double precision: where the integer is within A * 2^-45 of +-A/2, either sign may come
/// out; of one prime alone it is exact). Immutable.
/// Source: Halevi, Polyakov, Shoup, "An improved RNS variant of the BFV scheme", 2019, section 2.
class BaseConverter {
 public:
  /// Factors that residues come with or shall have: those modulo the j-th prime of from() are taken times
  /// from[j], and results modulo the i-th of to() times to[i]. For the price of none.
  struct Weights {
    std::vector<std::uint64_t> from, to;
  };

  /// Prime indices of the ring; disjoint. At most 255 to convert from.
  BaseConverter(const Ring& ring, std::vector<std::size_t> from, std::vector<std::size_t> to,
                const std::optional<Weights>& weights = {});

  /// How many words apart limbs that are converted, or come of it, had better lie: conversion goes through
  /// all of them a few columns at a time, and a power of two apart those would fall into the same sets of the
  /// caches.
  static std::size_t limb_distance(const Ring& ring) noexcept { return ring.degree() + 72; }

  std::span<const std::size_t> from() const noexcept { return from_; }
  std::span<const std::size_t> to() const noexcept { return to_; }
  bool is_weighted() const noexcept { return is_weighted_; }

  /// `in`: a pointer to N values for each prime of from(), between head and tail of the inverse transform
  /// (KernelTable). `out`: likewise for the first primes of to(), as many as are given, between head and tail
  /// of the forward one: coefficients are only ever at hand for a few columns, in the nearest cache. Nothing
  /// may alias. Cost: |from| multiplies, and |from| + 1 multiply-adds an output, for each coefficient; the
  /// tails of |from| transforms and the heads of as many as there are outputs.
  void convert(const Ring& ring, std::span<const std::uint64_t* const> in,
               std::span<std::uint64_t* const> out, const ThreadPool& pool) const;

  /// The same to all of to(), and what comes of it from there by `next`, whose from() is to(), to `next_out`,
  /// without the transforms in between: the integers that stand in `out`, modulo further primes.
  void convert_on(const Ring& ring, std::span<const std::uint64_t* const> in,
                  std::span<std::uint64_t* const> out, const BaseConverter& next,
                  std::span<std::uint64_t* const> next_out, const ThreadPool& pool) const;

 private:
  std::size_t scratch_rows() const noexcept { return from_.size() + 1 + 2 * wide_.size(); }
  void load_columns(const Ring& ring, std::span<const std::uint64_t* const> in, std::size_t column,
                    std::size_t columns, std::uint64_t* scratch) const;
  void scale_columns(const Ring& ring, std::uint64_t* rows, std::size_t words) const;
  template <typename Output>
  void convert_columns(const Ring& ring, std::size_t count, std::size_t words, std::uint64_t* scratch,
                       const Output& output) const;

  std::vector<std::size_t> from_, to_;
  bool is_weighted_;
  int from_bits_ = 0;                      // of the largest a_j
  std::vector<ShoupFactor> inverse_hats_;  // (A / a_j)^-1 mod a_j, times the weight
  std::vector<double> reciprocals_;        // 1 / a_j
  std::vector<std::size_t> wide_;          // positions in from_ of primes whose residues are split
  // [to][from + 1 + wide]: A / a_j mod b_i, then -A mod b_i, then those of wide_ times 2^52; times the
  // weight.
  std::vector<std::uint64_t> constants_;
};

}  // namespace cloister
