// Sums of products with one reduction at the end, or as few as the arithmetic allows.
#include "cloister/kernels/internal/arithmetic.h"
#include "cloister/kernels/internal/targets.h"

namespace cloister::CLOISTER_KERNEL_TARGET {
namespace {

template <std::size_t kVectors, typename Reducer, typename Term>
inline void sum_block(const Reducer& reducer, std::size_t terms, std::size_t chunk, u64* out,
                      const Term& term) {
  typename Reducer::Sum sums[kVectors];
#pragma GCC unroll 4
  for (auto& sum : sums) sum = reducer.start();
  for (std::size_t t = 0; t < terms;) {
    for (const std::size_t end = terms - t < chunk ? terms : t + chunk; t < end; ++t) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kVectors; ++v) term(t, kLanes * v, sums[v]);
    }
    if (t < terms) {
#pragma GCC unroll 4
      for (auto& sum : sums) sum = reducer.start(sum);
    }
  }
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

template <typename A>
void dot_of(const Modulus& q, const u64* const* a, const u64* const* b, std::size_t terms, u64* out,
            std::size_t n) {
  const typename A::SumReducer reducer(q, q.bits(), q.bits());
  sum_terms(reducer, terms, reducer.max_terms(), out, n,
            [=](std::size_t t, std::size_t i, auto& sum) { sum.add(load(a[t] + i), load(b[t] + i)); });
}

template <typename A>
void dot_constants_of(const Modulus& q, const u64* const* a, const u64* constants, std::size_t terms,
                      int a_bits, u64* out, std::size_t n) {
  const typename A::SumReducer reducer(q, a_bits, q.bits());
  sum_terms(reducer, terms, reducer.max_terms(), out, n, [=](std::size_t t, std::size_t i, auto& sum) {
    sum.add(load(a[t] + i), broadcast(constants[t]));
  });
}

/// For factors of more than 52 bits where those of Narrow have no more: the bits from 52 on are a second
/// term, times the constant * 2^52. It has eight bits, less than the first.
void dot_constants_in_two(const Modulus& q, const u64* const* a, const u64* constants, std::size_t terms,
                          u64* out, std::size_t n) {
  u64 upper[256];
  const u64 word = q.reduce(u64{1} << 52);
  for (std::size_t t = 0; t < terms; ++t) upper[t] = q.mul(constants[t], word);
  const u64* above = upper;
  const Narrow::SumReducer reducer(q, 52, q.bits());
  sum_terms(reducer, terms, reducer.max_terms() / 2, out, n, [=](std::size_t t, std::size_t i, auto& sum) {
    const Vec x = load(a[t] + i);
    sum.add(low_bits(x), broadcast(constants[t]));
    sum.add(shift_right(x, 52), broadcast(above[t]));
  });
}

}  // namespace

void dot(const Modulus& q, const u64* const* a, const u64* const* b, std::size_t terms, u64* out,
         std::size_t n) noexcept {
  if (n % 8 != 0) return scalar_kernels().dot(q, a, b, terms, out, n);
  (is_narrow(q) ? dot_of<Narrow> : dot_of<Wide>)(q, a, b, terms, out, n);
}

void dot_constants(const Modulus& q, const u64* const* a, const u64* constants, std::size_t terms, int a_bits,
                   u64* out, std::size_t n) noexcept {
  if (n % 8 != 0) return scalar_kernels().dot_constants(q, a, constants, terms, a_bits, out, n);
  if (!is_narrow(q)) return dot_constants_of<Wide>(q, a, constants, terms, a_bits, out, n);
  if (a_bits > 52) return dot_constants_in_two(q, a, constants, terms, out, n);
  dot_constants_of<Narrow>(q, a, constants, terms, a_bits, out, n);
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
