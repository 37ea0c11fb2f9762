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

/// A sum of products as s0 + s1 * 2^52 + s2 * 2^104. Of 256 terms s0 is below 2^60, s1 below 3 * 2^60 and
/// s2 below 2^25.
struct Sum {
  Vec s0 = _mm512_setzero_si512();
  Vec s1 = _mm512_setzero_si512();
  Vec s2 = _mm512_setzero_si512();

  /// a, b below 2^60.
  void add(Vec a, Vec b) {
    const Vec a1 = _mm512_srli_epi64(a, 52), b1 = _mm512_srli_epi64(b, 52);
    s0 = add_low(s0, a, b);
    s1 = add_low(add_low(add_high(s1, a, b), a, b1), a1, b);
    s2 = add_low(add_high(add_high(s2, a, b1), a1, b), a1, b1);
  }
};

struct SumReducer {
  explicit SumReducer(const Modulus& q)
      : m(q.value()),
        one(factor64(ShoupFactor(q.reduce(u64{1}), q))),
        word(factor64(ShoupFactor(q.reduce(u64{1} << 52), q))),
        words(factor64(ShoupFactor(q.reduce(uint128{1} << 104), q))),
        eight_q(broadcast(8 * q.value())) {}

  /// Three products in [0, 4q) each: 12q < 2^64.
  Vec operator()(const Sum& s) const {
    const Vec lazy =
        add(wide_product(s.s0, one, m.q), add(wide_product(s.s1, word, m.q), wide_product(s.s2, words, m.q)));
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
    sum.s0 = load(out + i);
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
