#pragma once

#include <cstddef>

#include "cloister/kernels/internal/arithmetic.h"

namespace cloister::CLOISTER_KERNEL_TARGET {

/// Adds all terms to kVectors sums side by side: term(t, v, sum) adds the t-th to the v-th, `chunk` of them
/// between reductions.
template <std::size_t kVectors, typename Reducer, typename Term>
inline void accumulate(const Reducer& reducer, std::size_t terms, std::size_t chunk,
                       typename Reducer::Sum (&sums)[kVectors], const Term& term) {
#pragma GCC unroll 8
  for (auto& sum : sums) sum = reducer.start();
  for (std::size_t t = 0; t < terms;) {
    for (const std::size_t end = terms - t < chunk ? terms : t + chunk; t < end; ++t) {
#pragma GCC unroll 8
      for (std::size_t v = 0; v < kVectors; ++v) term(t, v, sums[v]);
    }
    if (t < terms) {
#pragma GCC unroll 8
      for (auto& sum : sums) sum = reducer.start(sum);
    }
  }
}

/// What dot_constants() adds up.
struct ConstantTerms {
  const u64* const* rows;
  const u64* constants;

  template <typename Sum>
  void operator()(std::size_t t, std::size_t i, Sum& sum) const {
    sum.add(load(rows[t] + i), broadcast(constants[t]));
  }
};

/// The same for values of more than 52 bits where Narrow's have no more: the bits from 52 on are a second
/// term, times the constant * 2^52. It has eight bits, less than the first.
class SplitTerms {
 public:
  SplitTerms(const Modulus& q, const u64* const* rows, const u64* constants, std::size_t terms)
      : rows_(rows), constants_(constants) {
    const u64 word = q.reduce(u64{1} << 52);
    for (std::size_t t = 0; t < terms; ++t) upper_[t] = q.mul(constants[t], word);
  }

  template <typename Sum>
  void operator()(std::size_t t, std::size_t i, Sum& sum) const {
    const Vec x = load(rows_[t] + i);
    sum.add(low_bits(x), broadcast(constants_[t]));
    sum.add(shift_right(x, 52), broadcast(upper_[t]));
  }

 private:
  const u64* const* rows_;
  const u64* constants_;
  u64 upper_[256];
};

/// run(Arithmetic, reducer, chunk, term) as it suits the modulus and the factors.
template <typename Run>
inline void choose_sum(const Modulus& q, const u64* const* a, const u64* constants, std::size_t terms,
                       int a_bits, const Run& run) {
  if (!is_narrow(q)) {
    const Wide::SumReducer reducer(q, a_bits, q.bits());
    run(reducer, reducer.max_terms(), ConstantTerms{a, constants});
  } else if (a_bits > 52) {
    const Narrow::SumReducer reducer(q, 52, q.bits());
    run(reducer, reducer.max_terms() / 2, SplitTerms(q, a, constants, terms));
  } else {
    const Narrow::SumReducer reducer(q, a_bits, q.bits());
    run(reducer, reducer.max_terms(), ConstantTerms{a, constants});
  }
}

}  // namespace cloister::CLOISTER_KERNEL_TARGET
