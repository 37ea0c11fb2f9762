#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

// The operations of vector.h on one AVX2 register, with FMA.
namespace cloister::CLOISTER_KERNEL_TARGET {

using Vec = __m256i;
using Real = __m256d;
inline constexpr std::size_t kLanes = 4;

inline Vec load(const std::uint64_t* x) { return _mm256_loadu_si256(reinterpret_cast<const Vec*>(x)); }
inline void store(std::uint64_t* x, Vec v) { _mm256_storeu_si256(reinterpret_cast<Vec*>(x), v); }
inline Vec broadcast(std::uint64_t x) { return _mm256_set1_epi64x(static_cast<long long>(x)); }
inline Vec add(Vec a, Vec b) { return _mm256_add_epi64(a, b); }
inline Vec sub(Vec a, Vec b) { return _mm256_sub_epi64(a, b); }
inline Vec bit_and(Vec a, Vec b) { return _mm256_and_si256(a, b); }
inline Vec shift_left(Vec v, unsigned bits) { return _mm256_slli_epi64(v, static_cast<int>(bits)); }
inline Vec shift_right(Vec v, unsigned bits) { return _mm256_srli_epi64(v, static_cast<int>(bits)); }
inline Vec bits_of(__m256d v) { return _mm256_castpd_si256(v); }
inline Real real_of_bits(Vec v) { return _mm256_castsi256_pd(v); }

/// The product of the low 32 bits.
inline Vec multiply_32(Vec a, Vec b) { return _mm256_mul_epu32(a, b); }
/// a * b modulo 2^64.
inline Vec multiply_low(Vec a, Vec b) {
  const Vec crossed = add(multiply_32(shift_right(a, 32), b), multiply_32(a, shift_right(b, 32)));
  return add(multiply_32(a, b), shift_left(crossed, 32));
}
/// a * b - c * d modulo 2^64.
inline Vec low_difference(Vec a, Vec b, Vec c, Vec d) {
  const Vec ab = add(multiply_32(shift_right(a, 32), b), multiply_32(a, shift_right(b, 32)));
  const Vec cd = add(multiply_32(shift_right(c, 32), d), multiply_32(c, shift_right(d, 32)));
  return add(sub(multiply_32(a, b), multiply_32(c, d)), shift_left(sub(ab, cd), 32));
}
/// `first` where the sign of `v` is clear, else `second`.
inline Vec select_by_sign(Vec v, Vec first, Vec second) {
  return bits_of(_mm256_blendv_pd(real_of_bits(first), real_of_bits(second), real_of_bits(v)));
}
/// From [0, 2m) to [0, m), 2m <= 2^63.
inline Vec fold(Vec v, Vec m) {
  const Vec difference = sub(v, m);
  return select_by_sign(difference, difference, v);
}
/// From [-m, m) modulo 2^64 to [0, m), m <= 2^63.
inline Vec unwrap(Vec v, Vec m) { return select_by_sign(v, v, add(v, m)); }
/// sum + addend where x > bound, else sum; x and bound below 2^63.
inline Vec add_above(Vec sum, Vec x, Vec bound, Vec addend) {
  return add(sum, bit_and(_mm256_cmpgt_epi64(x, bound), addend));
}

inline Real add(Real a, Real b) { return _mm256_add_pd(a, b); }
inline Real sub(Real a, Real b) { return _mm256_sub_pd(a, b); }
inline Real mul(Real a, Real b) { return _mm256_mul_pd(a, b); }
/// a * b + c, a * b - c and c - a * b, rounded once.
inline Real multiply_add(Real a, Real b, Real c) { return _mm256_fmadd_pd(a, b, c); }
inline Real multiply_sub(Real a, Real b, Real c) { return _mm256_fmsub_pd(a, b, c); }
inline Real sub_product(Real c, Real a, Real b) { return _mm256_fnmadd_pd(a, b, c); }
/// v + m where v < 0, else v.
inline Real add_if_negative(Real v, Real m) {
  return add(v, _mm256_and_pd(_mm256_cmp_pd(v, _mm256_setzero_pd(), _CMP_LT_OQ), m));
}
/// v - m where v > bound, else v.
inline Real sub_above(Real v, Real bound, Real m) {
  return sub(v, _mm256_and_pd(_mm256_cmp_pd(v, bound, _CMP_GT_OQ), m));
}

/// From integers below 2^52, which as the fraction of a double at 2^52 stand for themselves, and back.
inline Real to_real_52(Vec v) {
  const Real two_52 = _mm256_set1_pd(0x1p52);
  return sub(real_of_bits(_mm256_or_si256(v, bits_of(two_52))), two_52);
}
inline Vec to_integer_52(Real v) {
  const Real two_52 = _mm256_set1_pd(0x1p52);
  return _mm256_xor_si256(bits_of(add(v, two_52)), bits_of(two_52));
}
/// Any 64-bit integer, rounded once: its halves, each exact beside a power of two, are added last.
inline Real to_real(Vec v) {
  const Vec low = _mm256_blend_epi32(bits_of(_mm256_set1_pd(0x1p52)), v, 0x55);
  const Vec high = _mm256_xor_si256(shift_right(v, 32), bits_of(_mm256_set1_pd(0x1p84)));
  return add(sub(real_of_bits(high), _mm256_set1_pd(0x1p84 + 0x1p52)), real_of_bits(low));
}
/// The integer part of v in [0, 2^64).
inline Vec truncated(Real v) {
  const Real whole = _mm256_round_pd(v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
  const Real high =
      _mm256_round_pd(mul(whole, _mm256_set1_pd(0x1p-32)), _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
  const Real low = sub_product(whole, high, _mm256_set1_pd(0x1p32));
  return add(shift_left(to_integer_52(high), 32), to_integer_52(low));
}

/// out[i] = a[map[i]] for i < 8: loads and stores are what it takes, with vectors or without.
inline void permute(const std::uint64_t* a, const std::uint32_t* map, std::uint64_t* out) {
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) out[i] = a[map[i]];
}

/// Transposes two 4 x 4 matrices of lanes, r[0] to r[3] and r[4] to r[7].
inline void transpose(Vec (&r)[8]) {
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
    const Vec a = _mm256_unpacklo_epi64(r[i], r[i + 1]), b = _mm256_unpackhi_epi64(r[i], r[i + 1]);
    const Vec c = _mm256_unpacklo_epi64(r[i + 2], r[i + 3]), d = _mm256_unpackhi_epi64(r[i + 2], r[i + 3]);
    r[i] = _mm256_permute2x128_si256(a, c, 0x20);
    r[i + 1] = _mm256_permute2x128_si256(b, d, 0x20);
    r[i + 2] = _mm256_permute2x128_si256(a, c, 0x31);
    r[i + 3] = _mm256_permute2x128_si256(b, d, 0x31);
  }
}

}  // namespace cloister::CLOISTER_KERNEL_TARGET
