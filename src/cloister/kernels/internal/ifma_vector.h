#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "cloister/kernels/vector_roots.h"
#include "cloister/math/modulus.h"

// Residues in vectors of eight 64-bit lanes, multiplied by 52-bit products (AVX-512 IFMA).
//
// Values live modulo 2^52: a multiply-add reads the low 52 bits of its factors and adds to 64 bits, so
// whatever carries beyond bit 52 is ignored by the next product and cut off once, by canonical().
// "In [0, m)" below speaks of the low 52 bits; no bound may exceed 2^52.
//
// Included only by files that are compiled for these instructions, which alone share what it defines.
namespace cloister::ifma {

using Vec = __m512i;

inline Vec load(const std::uint64_t* x) { return _mm512_loadu_si512(x); }
inline void store(std::uint64_t* x, Vec v) { _mm512_storeu_si512(x, v); }
inline Vec broadcast(std::uint64_t x) { return _mm512_set1_epi64(static_cast<long long>(x)); }
inline Vec add(Vec a, Vec b) { return _mm512_add_epi64(a, b); }
inline Vec sub(Vec a, Vec b) { return _mm512_sub_epi64(a, b); }
/// sum + the low 52 bits of a * b.
inline Vec add_low(Vec sum, Vec a, Vec b) { return _mm512_madd52lo_epu64(sum, a, b); }
/// sum + floor(a * b / 2^52).
inline Vec add_high(Vec sum, Vec a, Vec b) { return _mm512_madd52hi_epu64(sum, a, b); }
inline Vec high(Vec a, Vec b) { return add_high(_mm512_setzero_si512(), a, b); }
/// From [0, 2m) to [0, m), on all 64 bits: the wrapped difference is the larger where v < m.
inline Vec fold(Vec v, Vec m) { return _mm512_min_epu64(v, sub(v, m)); }
inline Vec low_bits(Vec v) { return _mm512_and_si512(v, broadcast((std::uint64_t{1} << 52) - 1)); }

/// A modulus in every lane. What is more than q is for q < 2^50.
struct VecModulus {
  explicit VecModulus(std::uint64_t modulus)
      : q(broadcast(modulus)),
        two_q(broadcast(2 * modulus)),
        four_q(broadcast(4 * modulus)),
        negated(broadcast((std::uint64_t{1} << 52) - modulus)),
        reciprocal(broadcast((std::uint64_t{1} << 52) / modulus)) {}

  Vec q, two_q, four_q;
  Vec negated;     // -q mod 2^52
  Vec reciprocal;  // floor(2^52 / q)
};

/// sum + r, r in [0, 2q) and r = v mod q, for any v < 2^52.
/// With e = 2^52/q - reciprocal < 1, v/q - high(v, reciprocal) < 1 + e * v / 2^52 < 2.
inline Vec add_reduced(Vec sum, Vec v, const VecModulus& m) {
  return add_low(add(sum, v), high(v, m.reciprocal), m.negated);
}
inline Vec reduced(Vec v, const VecModulus& m) { return add_low(v, high(v, m.reciprocal), m.negated); }
/// From [0, 2q) to the residue in [0, q) and nothing beyond bit 52.
inline Vec canonical(Vec v, const VecModulus& m) { return fold(low_bits(v), m.q); }

/// w with its quotient in every lane, or eight of them.
struct VecRoot {
  VecRoot() = default;
  explicit VecRoot(const VectorRoot& root)
      : value(broadcast(root.value)), quotient(broadcast(root.quotient)) {}
  explicit VecRoot(const std::uint64_t* values) : value(load(values)), quotient(load(values + 8)) {}

  Vec value;
  Vec quotient;
};

/// sum + r, r in [0, 2q) and r = v * w mod q, for any v < 2^52: the argument of add_reduced() with w / q
/// in place of 1 / q.  Source: Shoup's trick, as in Harvey, 2014, with 52-bit words.
inline Vec add_product(Vec sum, Vec v, const VecRoot& w, const VecModulus& m) {
  return add_low(add_low(sum, v, w.value), high(v, w.quotient), m.negated);
}
inline Vec product(Vec v, const VecRoot& w, const VecModulus& m) {
  return add_product(_mm512_setzero_si512(), v, w, m);
}

/// r in [0, 4q), r = v * w mod q, for q < 2^60 and any v, on words of 64 bits. Of the product of v and the
/// quotient w' = floor(w * 2^64 / q) only the three upper partial products are taken, each rounded down: the
/// result is short of v * w' / 2^64 by less than 3, and that of v * w / q by less than 1.
inline Vec wide_product(Vec v, const VecRoot& w, Vec q) {
  const Vec v_high = _mm512_srli_epi64(v, 32), quotient_high = _mm512_srli_epi64(w.quotient, 32);
  const Vec middle = add(_mm512_srli_epi64(_mm512_mul_epu32(v, quotient_high), 32),
                         _mm512_srli_epi64(_mm512_mul_epu32(v_high, w.quotient), 32));
  const Vec quotient = add(_mm512_mul_epu32(v_high, quotient_high), middle);
  return sub(_mm512_mullo_epi64(v, w.value), _mm512_mullo_epi64(quotient, q));
}

/// The roots of kLayers layers below a node of the tree of roots.
template <int kLayers>
inline void load_roots(const VectorRoot* roots, std::size_t node, VecRoot* w) {
#pragma GCC unroll 16
  for (int layer = 0; layer < kLayers; ++layer)
#pragma GCC unroll 16
    for (int i = 0; i < 1 << layer; ++i)
      w[(1 << layer) - 1 + i] = VecRoot(roots[(node << layer) + static_cast<std::size_t>(i)]);
}

/// Asks for the lower roots of the two groups that come four pairs of groups later. A transform that
/// follows one of another prime finds its table in the third cache or in memory, too far for the CPU's own
/// prefetching. May point past the table: a prefetch does not fault.
inline void prefetch_lower_roots(const std::uint64_t* lower) {
  constexpr std::size_t kPairBytes = 2 * VectorRoots::kLowerGroupWords * sizeof(std::uint64_t);
  const auto ahead = reinterpret_cast<std::uintptr_t>(lower) + 4 * kPairBytes;
#pragma GCC unroll 28
  for (std::size_t line = 0; line < kPairBytes; line += 64)
    _mm_prefetch(reinterpret_cast<const char*>(ahead + line), _MM_HINT_T0);
}

/// Transposes an 8 x 8 matrix of lanes.
inline void transpose(Vec (&r)[8]) {
  Vec t[8], u[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm512_unpacklo_epi64(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi64(r[i], r[i + 1]);
  }
  // t[i] and t[i + 2] hold columns c, c + 2, c + 4, c + 6 of two rows each.
#pragma GCC unroll 8
  for (int i = 0; i < 2; ++i)
#pragma GCC unroll 8
    for (int half = 0; half < 8; half += 4) {
      u[half + i] = _mm512_shuffle_i64x2(t[half + i], t[half + i + 2], 0x88);
      u[half + i + 2] = _mm512_shuffle_i64x2(t[half + i], t[half + i + 2], 0xdd);
    }
#pragma GCC unroll 8
  for (int i = 0; i < 4; ++i) {
    r[i] = _mm512_shuffle_i64x2(u[i], u[i + 4], 0x88);
    r[i + 4] = _mm512_shuffle_i64x2(u[i], u[i + 4], 0xdd);
  }
}

}  // namespace cloister::ifma
