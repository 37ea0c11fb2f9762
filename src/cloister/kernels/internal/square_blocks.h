#pragma once

#include "cloister/kernels/internal/vector.h"
#include "cloister/kernels/square_kernels.h"

// Sums of products of digits, a block of K digits times another at once: 2K sums in registers, K digits of
// one factor beside them, those of the other one by one.
//
// Sums of digits' halves stay below 2^63 without a carry: of 4 terms, a quotient's and two addends, a column
// has less than 2 (4 + 1) digits + 2 < 2^11 summands below 2^52.
namespace cloister::CLOISTER_KERNEL_TARGET {

using u64 = std::uint64_t;

inline constexpr u64 kDigitMask = (u64{1} << kDigitBits) - 1;

inline Vec multiply_add_low(Vec sum, Vec a, Vec b) { return _mm512_madd52lo_epu64(sum, a, b); }
inline Vec multiply_add_high(Vec sum, Vec a, Vec b) { return _mm512_madd52hi_epu64(sum, a, b); }
inline Vec zero() { return _mm512_setzero_si512(); }
/// x | (y & mask)
inline Vec merge(Vec x, Vec y, Vec mask) { return _mm512_ternarylogic_epi64(x, y, mask, 0xf8); }

template <std::size_t K>
using Sums = Vec[2 * K];

#define CLOISTER_INLINE inline __attribute__((always_inline))

template <std::size_t K>
CLOISTER_INLINE void load_digits(const u64* from, Vec (&digits)[K]) {
#pragma GCC unroll 16
  for (std::size_t i = 0; i < K; ++i) digits[i] = load(from + i * kLanes);
}

/// sums += a b for two blocks.
template <std::size_t K>
CLOISTER_INLINE void add_product(Sums<K>& sums, const u64* a, const u64* b) {
  Vec y[K];
  load_digits(b, y);
#pragma GCC unroll 16
  for (std::size_t i = 0; i < K; ++i) {
    const Vec x = load(a + i * kLanes);
#pragma GCC unroll 16
    for (std::size_t j = 0; j < K; ++j) sums[i + j] = multiply_add_low(sums[i + j], x, y[j]);
#pragma GCC unroll 16
    for (std::size_t j = 0; j < K; ++j) sums[i + j + 1] = multiply_add_high(sums[i + j + 1], x, y[j]);
  }
}

/// sums += the products a_i a_j, i < j, of a block's own digits.
template <std::size_t K>
CLOISTER_INLINE void add_mixed_products(Sums<K>& sums, const u64* a) {
  Vec x[K];
  load_digits(a, x);
#pragma GCC unroll 16
  for (std::size_t i = 0; i < K; ++i) {
#pragma GCC unroll 16
    for (std::size_t j = i + 1; j < K; ++j) sums[i + j] = multiply_add_low(sums[i + j], x[i], x[j]);
#pragma GCC unroll 16
    for (std::size_t j = i + 1; j < K; ++j) sums[i + j + 1] = multiply_add_high(sums[i + j + 1], x[i], x[j]);
  }
}

/// sums += the squares a_i^2.
template <std::size_t K>
CLOISTER_INLINE void add_squares(Sums<K>& sums, const u64* a) {
#pragma GCC unroll 16
  for (std::size_t i = 0; i < K; ++i) {
    const Vec x = load(a + i * kLanes);
    sums[2 * i] = multiply_add_low(sums[2 * i], x, x);
    sums[2 * i + 1] = multiply_add_high(sums[2 * i + 1], x, x);
  }
}

/// Finds the block of the quotient that makes the lower K sums vanish, and adds its product with the lowest
/// block of n. What they held above 52 bits goes into sums[K].
template <std::size_t K>
CLOISTER_INLINE void add_quotient(Sums<K>& sums, const u64* root, Vec inverse, u64* quotient) {
  Vec n[K];
  load_digits(root, n);
#pragma GCC unroll 16
  for (std::size_t i = 0; i < K; ++i) {
    const Vec q = multiply_add_low(zero(), sums[i], inverse);
    store(quotient + i * kLanes, q);
#pragma GCC unroll 16
    for (std::size_t j = 0; j < K; ++j) sums[i + j] = multiply_add_low(sums[i + j], q, n[j]);
#pragma GCC unroll 16
    for (std::size_t j = 0; j < K; ++j) sums[i + j + 1] = multiply_add_high(sums[i + j + 1], q, n[j]);
    sums[i + 1] = add(sums[i + 1], shift_right(sums[i], kDigitBits));
  }
}

/// The lower K sums as digits, with the carry from below; the upper ones move down.
template <std::size_t K>
CLOISTER_INLINE Vec store_digits(const Sums<K>& sums, Vec carry, u64* out) {
  const Vec mask = broadcast(kDigitMask);
#pragma GCC unroll 16
  for (std::size_t i = 0; i < K; ++i) {
    carry = add(sums[i], carry);
    store(out + i * kLanes, bit_and(carry, mask));
    carry = shift_right(carry, kDigitBits);
  }
  return carry;
}

template <std::size_t K>
CLOISTER_INLINE void shift_down(Sums<K>& sums) {
#pragma GCC unroll 16
  for (std::size_t i = 0; i < K; ++i) {
    sums[i] = sums[K + i];
    sums[K + i] = zero();
  }
}

/// One product of two halves.
struct Factors {
  const u64* a;
  const u64* b;
};

/// What is reduced: products, and numbers below R.
enum class Shape {
  kSum,     ///< the sum of any number of products
  kDouble,  ///< twice one product
  kSquare   ///< the square of one half
};
struct Operand {
  const Factors* terms = nullptr;
  std::size_t count = 0;
  const u64* addend = nullptr;  ///< null for none
  const u64* minus = nullptr;   ///< a quotient to be subtracted (modulo n); null for none
};

/// The products of blocks whose indices add up to `at`.
template <std::size_t K, Shape kShape>
CLOISTER_INLINE void add_products(Sums<K>& sums, const Operand& x, std::size_t at, std::size_t blocks) {
  constexpr std::size_t kWords = K * kLanes;
  const std::size_t first = at < blocks ? 0 : at - blocks + 1;
  if constexpr (kShape == Shape::kSum) {
    for (std::size_t t = 0; t < x.count; ++t)
      for (std::size_t i = first; i + first <= at; ++i)
        add_product<K>(sums, x.terms[t].a + i * kWords, x.terms[t].b + (at - i) * kWords);
    return;
  }
  // The sums from below wait in memory while the products are made, to be doubled alone.
  alignas(64) u64 waiting[kWords];
#pragma GCC unroll 16
  for (std::size_t i = 0; i < K; ++i) {
    store(waiting + i * kLanes, sums[i]);
    sums[i] = zero();
  }
  const u64* a = x.terms->a;
  const bool middle = kShape == Shape::kSquare && at % 2 == 0;
  if constexpr (kShape == Shape::kDouble) {
    for (std::size_t i = first; i + first <= at; ++i)
      add_product<K>(sums, a + i * kWords, x.terms->b + (at - i) * kWords);
  } else {
    for (std::size_t i = first; 2 * i < at; ++i) add_product<K>(sums, a + i * kWords, a + (at - i) * kWords);
    if (middle) add_mixed_products<K>(sums, a + at / 2 * kWords);
  }
#pragma GCC unroll 32
  for (Vec& sum : sums) sum = add(sum, sum);
  if (middle) add_squares<K>(sums, a + at / 2 * kWords);
#pragma GCC unroll 16
  for (std::size_t i = 0; i < K; ++i) sums[i] = add(sums[i], load(waiting + i * kLanes));
}

template <std::size_t K>
CLOISTER_INLINE void add_addends(Sums<K>& sums, const Operand& x, const SquareModulus& m, std::size_t at) {
  if (x.addend != nullptr) {
#pragma GCC unroll 16
    for (std::size_t i = 0; i < K; ++i) sums[i] = add(sums[i], load(x.addend + at + i * kLanes));
  }
  if (x.minus != nullptr) {
    // R - 1 - minus is its complement; with the correction a multiple of n is added.
    const Vec mask = broadcast(kDigitMask);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < K; ++i) {
      const Vec complement = sub(mask, load(x.minus + at + i * kLanes));
      sums[i] = add(sums[i], add(complement, load(m.correction + at + i * kLanes)));
    }
  }
}

/// out = x / R modulo n and the quotient with x + quotient n = out R, both [digits][8].
/// Cost: 2 digits^2 multiply-adds, and as many a product (half for a square).
template <std::size_t K, Shape kShape>
[[gnu::noinline]] void reduce(const SquareModulus& m, const Operand& x, u64* out, u64* quotient) noexcept {
  constexpr std::size_t kWords = K * kLanes;
  const std::size_t blocks = m.digits / K;
  const Vec inverse = load(m.inverse);
  Sums<K> sums;
#pragma GCC unroll 32
  for (Vec& sum : sums) sum = zero();
  for (std::size_t at = 0; at < blocks; ++at) {
    add_products<K, kShape>(sums, x, at, blocks);
    add_addends<K>(sums, x, m, at * kWords);
    for (std::size_t i = 0; i < at; ++i)
      add_product<K>(sums, quotient + i * kWords, m.root + (at - i) * kWords);
    add_quotient<K>(sums, m.root, inverse, quotient + at * kWords);
    shift_down<K>(sums);
  }
  Vec carry = zero();
  for (std::size_t at = blocks; at < 2 * blocks; ++at) {
    if (at + 1 < 2 * blocks) {
      add_products<K, kShape>(sums, x, at, blocks);
      for (std::size_t i = at - blocks + 1; i < blocks; ++i)
        add_product<K>(sums, quotient + i * kWords, m.root + (at - i) * kWords);
    }
    carry = store_digits<K>(sums, carry, out + (at - blocks) * kWords);
    shift_down<K>(sums);
  }
}

/// out[2 digits][8] = addend + half * n, for an addend of `addend_digits`.
template <std::size_t K>
[[gnu::noinline]] void multiply_root(const SquareModulus& m, const u64* half, const u64* addend,
                                     std::size_t addend_digits, u64* out) noexcept {
  constexpr std::size_t kWords = K * kLanes;
  const std::size_t blocks = m.digits / K;
  const Factors product{half, m.root};
  Sums<K> sums;
#pragma GCC unroll 32
  for (Vec& sum : sums) sum = zero();
  Vec carry = zero();
  for (std::size_t at = 0; at < 2 * blocks; ++at) {
    if (at + 1 < 2 * blocks) add_products<K, Shape::kSum>(sums, {.terms = &product, .count = 1}, at, blocks);
    if (at * K < addend_digits) add_addends<K>(sums, {.addend = addend}, m, at * kWords);
    carry = store_digits<K>(sums, carry, out + at * kWords);
    shift_down<K>(sums);
  }
}

#undef CLOISTER_INLINE

}  // namespace cloister::CLOISTER_KERNEL_TARGET
