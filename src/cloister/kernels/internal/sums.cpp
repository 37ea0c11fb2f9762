// Sums of products with one reduction at the end, or as few as the arithmetic allows.
#include "cloister/kernels/internal/sums.h"

#include "cloister/kernels/internal/targets.h"

namespace cloister::CLOISTER_KERNEL_TARGET {
namespace {

template <std::size_t kVectors, typename Reducer, typename Term>
inline void sum_block(const Reducer& reducer, std::size_t terms, std::size_t chunk, u64* out,
                      const Term& term) {
  typename Reducer::Sum sums[kVectors];
  accumulate(reducer, terms, chunk, sums,
             [&](std::size_t t, std::size_t v, auto& sum) { term(t, kLanes * v, sum); });
#pragma GCC unroll 4
  for (std::size_t v = 0; v < kVectors; ++v) store(out + kLanes * v, reducer(sums[v]));
}

/// out[i] = the reduced sum over t of what term(t, i, sum) adds, `chunk` terms between reductions.
template <typename Reducer, typename Term>
inline void sum_terms(const Reducer& reducer, std::size_t terms, std::size_t chunk, u64* out, std::size_t n,
                      const Term& term) {
  constexpr std::size_t kVectors = Reducer::kVectors;
  std::size_t i = 0;
  const auto at = [&](std::size_t t, std::size_t offset, auto& sum) { term(t, i + offset, sum); };
  for (; i + kLanes * kVectors <= n; i += kLanes * kVectors)
    sum_block<kVectors>(reducer, terms, chunk, out + i, at);
  for (; i < n; i += kLanes) sum_block<1>(reducer, terms, chunk, out + i, at);
}

/// The common factors of a pair of sums: in rows as long as the others, all of them read from afar; or
/// in rows of which each value stands for 2^log2_run.
struct FactorRows {
  const u64* const* rows;

  Vec operator()(std::size_t t, std::size_t at) const {
    prefetch(rows[t] + at);
    return load(rows[t] + at);
  }
  void prefetch(const u64* x) const { prefetch_to_read(x + kPrefetchWords); }
};
struct RepeatedFactors {
  const u64* const* rows;
  unsigned log2_run;

  Vec operator()(std::size_t t, std::size_t at) const { return broadcast(rows[t][at >> log2_run]); }
  void prefetch(const u64*) const {}
};

template <std::size_t kVectors, typename Reducer, typename Factors>
inline void pair_block(const Reducer& reducer, std::size_t terms, std::size_t chunk, const Factors& a,
                       const u64* const* b0, const u64* const* b1, std::size_t i, u64* out0, u64* out1) {
  typename Reducer::Sum sums[2][kVectors];
#pragma GCC unroll 2
  for (auto& half : sums)
#pragma GCC unroll 4
    for (auto& sum : half) sum = reducer.start();
  for (std::size_t t = 0; t < terms;) {
    for (const std::size_t end = terms - t < chunk ? terms : t + chunk; t < end; ++t) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kVectors; ++v) {
        const std::size_t at = i + kLanes * v;
        const Vec x = a(t, at);
        sums[0][v].add(x, load(b0[t] + at));
        sums[1][v].add(x, load(b1[t] + at));
        for (const u64* row : {b0[t], b1[t]}) a.prefetch(row + at);
      }
    }
    if (t < terms) {
#pragma GCC unroll 2
      for (auto& half : sums)
#pragma GCC unroll 4
        for (auto& sum : half) sum = reducer.start(sum);
    }
  }
#pragma GCC unroll 4
  for (std::size_t v = 0; v < kVectors; ++v) {
    store(out0 + i + kLanes * v, reducer(sums[0][v]));
    store(out1 + i + kLanes * v, reducer(sums[1][v]));
  }
}

template <typename A, typename Factors>
void dot_pair_of(const Modulus& q, const Factors& a, const u64* const* b0, const u64* const* b1,
                 std::size_t terms, u64* out0, u64* out1, std::size_t n) {
  using Reducer = typename A::SumReducer;
  const Reducer reducer(q, q.bits(), q.bits());
  constexpr std::size_t kVectors = Reducer::kVectors / 2 == 0 ? 1 : Reducer::kVectors / 2;
  std::size_t i = 0;
  for (; i + kLanes * kVectors <= n; i += kLanes * kVectors)
    pair_block<kVectors>(reducer, terms, reducer.max_terms(), a, b0, b1, i, out0, out1);
  for (; i < n; i += kLanes) pair_block<1>(reducer, terms, reducer.max_terms(), a, b0, b1, i, out0, out1);
}

}  // namespace

void dot_pair(const Modulus& q, const u64* const* a, const u64* const* b0, const u64* const* b1,
              std::size_t terms, u64* out0, u64* out1, std::size_t n) noexcept {
  if (n % 8 != 0) return scalar_kernels().dot_pair(q, a, b0, b1, terms, out0, out1, n);
  (is_narrow(q) ? dot_pair_of<Narrow, FactorRows> : dot_pair_of<Wide, FactorRows>)(q, FactorRows{a}, b0, b1,
                                                                                   terms, out0, out1, n);
}

void dot_pair_repeated(const Modulus& q, const u64* const* a, std::size_t run, const u64* const* b0,
                       const u64* const* b1, std::size_t terms, u64* out0, u64* out1,
                       std::size_t n) noexcept {
  if (n % 8 != 0 || run < 8)
    return scalar_kernels().dot_pair_repeated(q, a, run, b0, b1, terms, out0, out1, n);
  const RepeatedFactors factors{a, static_cast<unsigned>(__builtin_ctzll(run))};
  (is_narrow(q) ? dot_pair_of<Narrow, RepeatedFactors>
                : dot_pair_of<Wide, RepeatedFactors>)(q, factors, b0, b1, terms, out0, out1, n);
}

void dot_constants(const Modulus& q, const u64* const* a, const u64* constants, std::size_t terms, int a_bits,
                   u64* out, std::size_t n) noexcept {
  if (n % 8 != 0) return scalar_kernels().dot_constants(q, a, constants, terms, a_bits, out, n);
  choose_sum(q, a, constants, terms, a_bits, [=](const auto& reducer, std::size_t chunk, const auto& term) {
    sum_terms(reducer, terms, chunk, out, n, term);
  });
}

void round_quotient(const u64* const* a, const double* reciprocals, std::size_t terms, u64* out,
                    std::size_t n) noexcept {
  if (n % 8 != 0) return scalar_kernels().round_quotient(a, reciprocals, terms, out, n);
  // The reference's order of operations, each rounded by itself.
  for (std::size_t i = 0; i < n; i += kLanes) {
    Real sum = broadcast_real(0.5);
    for (std::size_t t = 0; t < terms; ++t)
      sum = add(sum, mul(to_real(load(a[t] + i)), broadcast_real(reciprocals[t])));
    store(out + i, truncated(sum));
  }
}

}  // namespace cloister::CLOISTER_KERNEL_TARGET
