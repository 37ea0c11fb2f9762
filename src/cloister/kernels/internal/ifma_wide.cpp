// Products modulo primes of up to 60 bits: factors of two words, a word of 52 bits and one of 8.
#include "cloister/kernels/internal/ifma_wide.h"

#include "cloister/kernels/internal/ifma_vector.h"

namespace cloister::ifma::wide {
namespace {

using u64 = std::uint64_t;

/// w with floor(w * 2^64 / q) in every lane.
VecRoot factor64(const ShoupFactor& w) {
  VecRoot root;
  root.value = broadcast(w.value);
  root.quotient = broadcast(w.quotient);
  return root;
}

/// A sum of products: low + sum(middle) * 2^52 + sum(high) * 2^104. Of 256 terms `low` and each of `middle`
/// are below 2^60 (`low` below 2^61 with a residue to begin with), the sum of `high` is below 2^25. One
/// register for each of the seven products of a term, so that no addition waits for another.
struct Sum {
  Vec low = _mm512_setzero_si512();
  Vec middle[3] = {low, low, low};
  Vec high[3] = {low, low, low};

  /// a, b below 2^60.
  void add(Vec a, Vec b) {
    const Vec a1 = _mm512_srli_epi64(a, 52), b1 = _mm512_srli_epi64(b, 52);
    low = add_low(low, a, b);
    middle[0] = add_high(middle[0], a, b);
    middle[1] = add_low(middle[1], a, b1);
    middle[2] = add_low(middle[2], a1, b);
    high[0] = add_high(high[0], a, b1);
    high[1] = add_high(high[1], a1, b);
    high[2] = add_low(high[2], a1, b1);
  }
};

inline Vec total(const Vec (&v)[3]) { return add(add(v[0], v[1]), v[2]); }

struct SumReducer {
  explicit SumReducer(const Modulus& q)
      : m(q.value()),
        one(factor64(ShoupFactor(q.reduce(u64{1}), q))),
        word(factor64(ShoupFactor(q.reduce(u64{1} << 52), q))),
        words(factor64(ShoupFactor(q.reduce(uint128{1} << 104), q))),
        eight_q(broadcast(8 * q.value())) {}

  /// Three products in [0, 4q) each: 12q < 2^64.
  Vec operator()(const Sum& s) const {
    const Vec upper = add(wide_product(total(s.middle), word, m.q), wide_product(total(s.high), words, m.q));
    const Vec lazy = add(wide_product(s.low, one, m.q), upper);
    return fold(fold(fold(fold(lazy, eight_q), m.four_q), m.two_q), m.q);
  }

  VecModulus m;
  VecRoot one, word, words;  // 1, 2^52, 2^104
  Vec eight_q;
};

/// A product of wide_product() to its canonical residue.
Vec finished(Vec v, const VecModulus& m) { return fold(fold(v, m.two_q), m.q); }

}  // namespace

void mul(const Modulus& q, const u64* a, const u64* b, u64* out, std::size_t n) noexcept {
  const SumReducer reducer(q);
  for (std::size_t i = 0; i < n; i += 8) {
    Sum sum;
    sum.add(load(a + i), load(b + i));
    store(out + i, reducer(sum));
  }
}

void mul_add(const Modulus& q, const u64* a, const u64* b, u64* out, std::size_t n) noexcept {
  const SumReducer reducer(q);
  for (std::size_t i = 0; i < n; i += 8) {
    Sum sum;
    sum.low = load(out + i);
    sum.add(load(a + i), load(b + i));
    store(out + i, reducer(sum));
  }
}

void mul_scalar(const Modulus& q, const u64* a, const ShoupFactor& factor, u64* out, std::size_t n) noexcept {
  const VecModulus m(q.value());
  const VecRoot w = factor64(factor);
  for (std::size_t i = 0; i < n; i += 8) store(out + i, finished(wide_product(load(a + i), w, m.q), m));
}

void sub_mul_scalar(const Modulus& q, const u64* a, const u64* b, const ShoupFactor& factor, u64* out,
                    std::size_t n) noexcept {
  const VecModulus m(q.value());
  const VecRoot w = factor64(factor);
  for (std::size_t i = 0; i < n; i += 8) {
    const Vec difference = sub(add(load(a + i), m.q), load(b + i));
    store(out + i, finished(wide_product(difference, w, m.q), m));
  }
}

void dot(const Modulus& q, const u64* const* a, const u64* const* b, std::size_t terms, u64* out,
         std::size_t n) noexcept {
  const SumReducer reducer(q);
  for (std::size_t i = 0; i < n; i += 8) {
    Sum sum;
    for (std::size_t t = 0; t < terms; ++t) sum.add(load(a[t] + i), load(b[t] + i));
    store(out + i, reducer(sum));
  }
}

void dot_constants(const Modulus& q, const u64* const* a, const u64* constants, std::size_t terms, u64* out,
                   std::size_t n) noexcept {
  const SumReducer reducer(q);
  for (std::size_t i = 0; i < n; i += 8) {
    Sum sum;
    for (std::size_t t = 0; t < terms; ++t) sum.add(load(a[t] + i), broadcast(constants[t]));
    store(out + i, reducer(sum));
  }
}

void change_modulus(const Modulus& from, const Modulus& to, const u64* a, u64* out, std::size_t n) noexcept {
  const VecModulus m(to.value());
  const VecRoot one = factor64(ShoupFactor(u64{1}, to));
  const Vec half = broadcast(from.value() / 2);
  const Vec minus_from = broadcast(to.negate(to.reduce(from.value())));
  for (std::size_t i = 0; i < n; i += 8) {
    const Vec x = load(a + i);
    const Vec residue = wide_product(x, one, m.q);
    // The centred value is x - from above the half: below 5q in all, since minus_from <= q - 1.
    const Vec sum = _mm512_mask_add_epi64(residue, _mm512_cmpgt_epu64_mask(x, half), residue, minus_from);
    store(out + i, finished(fold(sum, m.four_q), m));
  }
}

}  // namespace cloister::ifma::wide
