#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

// The operations of vector.h on one AVX-512 register (F, DQ). Comments are in vector_avx2.h.
namespace cloister::CLOISTER_KERNEL_TARGET {

using Vec = __m512i;
using Real = __m512d;
inline constexpr std::size_t kLanes = 8;

inline Vec load(const std::uint64_t* x) { return _mm512_loadu_si512(x); }
inline void store(std::uint64_t* x, Vec v) { _mm512_storeu_si512(x, v); }
inline Vec broadcast(std::uint64_t x) { return _mm512_set1_epi64(static_cast<long long>(x)); }
inline Vec add(Vec a, Vec b) { return _mm512_add_epi64(a, b); }
inline Vec sub(Vec a, Vec b) { return _mm512_sub_epi64(a, b); }
inline Vec bit_and(Vec a, Vec b) { return _mm512_and_si512(a, b); }
inline Vec shift_left(Vec v, unsigned bits) { return _mm512_slli_epi64(v, bits); }
inline Vec shift_right(Vec v, unsigned bits) { return _mm512_srli_epi64(v, bits); }
inline Vec multiply_32(Vec a, Vec b) { return _mm512_mul_epu32(a, b); }
inline Vec multiply_low(Vec a, Vec b) { return _mm512_mullo_epi64(a, b); }
inline Vec low_difference(Vec a, Vec b, Vec c, Vec d) {
  return sub(_mm512_mullo_epi64(a, b), _mm512_mullo_epi64(c, d));
}
// The wrapped difference is the larger where it is negative.
inline Vec fold(Vec v, Vec m) { return _mm512_min_epu64(v, sub(v, m)); }
inline Vec unwrap(Vec v, Vec m) { return _mm512_min_epu64(v, add(v, m)); }
inline Vec add_above(Vec sum, Vec x, Vec bound, Vec addend) {
  return _mm512_mask_add_epi64(sum, _mm512_cmpgt_epu64_mask(x, bound), sum, addend);
}

inline Real add(Real a, Real b) { return _mm512_add_pd(a, b); }
inline Real sub(Real a, Real b) { return _mm512_sub_pd(a, b); }
inline Real mul(Real a, Real b) { return _mm512_mul_pd(a, b); }
inline Real multiply_add(Real a, Real b, Real c) { return _mm512_fmadd_pd(a, b, c); }
inline Real multiply_sub(Real a, Real b, Real c) { return _mm512_fmsub_pd(a, b, c); }
inline Real sub_product(Real c, Real a, Real b) { return _mm512_fnmadd_pd(a, b, c); }
inline Real add_if_negative(Real v, Real m) {
  return _mm512_mask_add_pd(v, _mm512_cmp_pd_mask(v, _mm512_setzero_pd(), _CMP_LT_OQ), v, m);
}
inline Real sub_above(Real v, Real bound, Real m) {
  return _mm512_mask_sub_pd(v, _mm512_cmp_pd_mask(v, bound, _CMP_GT_OQ), v, m);
}
inline Vec bits_of(Real v) { return _mm512_castpd_si512(v); }
inline Real real_of_bits(Vec v) { return _mm512_castsi512_pd(v); }
inline Real to_real_52(Vec v) { return _mm512_cvtepu64_pd(v); }
inline Vec to_integer_52(Real v) { return _mm512_cvtpd_epu64(v); }
inline Real to_real(Vec v) { return _mm512_cvtepu64_pd(v); }
inline Vec truncated(Real v) { return _mm512_cvttpd_epu64(v); }

inline void permute(const std::uint64_t* a, const std::uint32_t* map, std::uint64_t* out) {
  const Vec from = _mm512_cvtepu32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(map)));
  // An automorphism in bit-reversed order takes eight aligned values to eight aligned ones: no gather.
  const std::size_t block = *map & ~std::uint32_t{7};
  const Vec offset = sub(from, broadcast(block));
  if (_mm512_cmpgt_epu64_mask(offset, broadcast(7)) == 0) {
    store(out, _mm512_permutexvar_epi64(offset, load(a + block)));
  } else {
    store(out, _mm512_i64gather_epi64(from, a, 8));
  }
}

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

}  // namespace cloister::CLOISTER_KERNEL_TARGET
