// Sums of products with one reduction at the end.
#include <algorithm>
#include <array>
#include <type_traits>

#include "cloister/kernels/internal/ifma_pointwise.h"
#include "cloister/kernels/internal/ifma_vector.h"

namespace cloister::ifma {
namespace {

using u64 = std::uint64_t;

/// A sum of products as high * 2^52 + low: two multiply-adds a term.
struct Sum {
  Vec low = _mm512_setzero_si512();
  Vec high = _mm512_setzero_si512();

  void add(Vec a, Vec b) {
    low = add_low(low, a, b);
    high = add_high(high, a, b);
  }
};

/// Reduction of a Sum. With T terms of factors of a and b bits `high` is at most T * (2^(a + b - 52) - 1),
/// and the carry from `low`, where fold_in() may have left a word, at most T: max_terms() of them keep the
/// two below 2^52.
struct SumReducer {
  explicit SumReducer(const Modulus& modulus)
      : m(modulus.value()), word(VectorRoot(ShoupFactor(modulus.reduce(u64{1} << 52), modulus), modulus)) {}

  static std::size_t max_terms(int a_bits, int b_bits) {
    const int bits = std::max(a_bits + b_bits - 52, 0);
    return (std::size_t{1} << std::min(52 - bits, 10)) - 1;
  }

  /// high * 2^52 + low mod q in [0, 4q), on 64 bits: both words' quotients in one product by -q.
  Vec lazy(const Sum& s) const {
    const Vec top = cloister::ifma::add(s.high, _mm512_srli_epi64(s.low, 52));
    const Vec quotients = add_high(high(top, word.quotient), s.low, m.reciprocal);
    const Vec low = add_low(low_bits(s.low), top, word.value);
    return low_bits(add_low(low, quotients, m.negated));
  }
  Sum fold_in(const Sum& s) const { return {lazy(s), _mm512_setzero_si512()}; }
  Vec operator()(const Sum& s) const { return fold(fold(lazy(s), cloister::ifma::add(m.q, m.q)), m.q); }

  VecModulus m;
  VecRoot word;  // 2^52 mod q
};

/// out[i] = the reduced sum over t of term(t, i), `chunk` terms between reductions.
template <typename Term>
inline void sum_terms(const SumReducer& reducer, std::size_t terms, std::size_t chunk, u64* out,
                      std::size_t n, const Term& term) {
  constexpr std::size_t kVectors = 4;
  std::size_t i = 0;
  const auto run = [&]<std::size_t kCount>(std::integral_constant<std::size_t, kCount>) {
    Sum sums[kCount];
    for (std::size_t t = 0; t < terms;) {
      for (const std::size_t end = std::min(t + chunk, terms); t < end; ++t) {
#pragma GCC unroll 4
        for (std::size_t v = 0; v < kCount; ++v) term(t, i + 8 * v, sums[v]);
      }
      if (t < terms) {
#pragma GCC unroll 4
        for (std::size_t v = 0; v < kCount; ++v) sums[v] = reducer.fold_in(sums[v]);
      }
    }
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kCount; ++v) store(out + i + 8 * v, reducer(sums[v]));
  };
  for (; i + 8 * kVectors <= n; i += 8 * kVectors) run(std::integral_constant<std::size_t, kVectors>{});
  for (; i < n; i += 8) run(std::integral_constant<std::size_t, 1>{});
}

}  // namespace

void dot(const Modulus& q, const u64* const* a, const u64* const* b, std::size_t terms, u64* out,
         std::size_t n) noexcept {
  sum_terms(SumReducer(q), terms, SumReducer::max_terms(q.bits(), q.bits()), out, n,
            [=](std::size_t t, std::size_t i, Sum& sum) { sum.add(load(a[t] + i), load(b[t] + i)); });
}

void dot_constants(const Modulus& q, const u64* const* a, const u64* constants, std::size_t terms, int a_bits,
                   u64* out, std::size_t n) noexcept {
  const SumReducer reducer(q);
  if (a_bits <= 52) {
    sum_terms(
        reducer, terms, SumReducer::max_terms(a_bits, q.bits()), out, n,
        [=](std::size_t t, std::size_t i, Sum& sum) { sum.add(load(a[t] + i), broadcast(constants[t])); });
    return;
  }
  // The bits from 52 on are a second term, times the constant * 2^52: eight bits, less than the first.
  std::array<u64, 256> upper;
  const u64 word = q.reduce(u64{1} << 52);
  for (std::size_t t = 0; t < terms; ++t) upper[t] = q.mul(constants[t], word);
  const u64* above = upper.data();
  sum_terms(reducer, terms, SumReducer::max_terms(52, q.bits()) / 2, out, n,
            [=](std::size_t t, std::size_t i, Sum& sum) {
              const Vec x = load(a[t] + i);
              sum.add(x, broadcast(constants[t]));
              sum.add(_mm512_srli_epi64(x, 52), broadcast(above[t]));
            });
}

void round_quotient(const u64* const* a, const double* reciprocals, std::size_t terms, u64* out,
                    std::size_t n) noexcept {
  // The reference's order of operations, each rounded by itself.
  for (std::size_t i = 0; i < n; i += 8) {
    __m512d sum = _mm512_set1_pd(0.5);
    for (std::size_t t = 0; t < terms; ++t)
      sum = _mm512_add_pd(sum,
                          _mm512_mul_pd(_mm512_cvtepu64_pd(load(a[t] + i)), _mm512_set1_pd(reciprocals[t])));
    store(out + i, _mm512_cvttpd_epu64(sum));
  }
}

}  // namespace cloister::ifma
