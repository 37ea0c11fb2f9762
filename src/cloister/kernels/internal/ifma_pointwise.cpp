// Products, differences and changes of modulus of one residue at a time.
#include "cloister/kernels/internal/ifma_pointwise.h"

#include <bit>

#include "cloister/kernels/internal/ifma_vector.h"

namespace cloister::ifma {
namespace {

using u64 = std::uint64_t;

/// The product of two residues, by Barrett's quotient on the upper bits.
struct Multiplier {
  explicit Multiplier(const Modulus& modulus)
      : m(modulus.value()),
        shift(static_cast<unsigned>(52 - modulus.bits())),
        reciprocal(broadcast(static_cast<u64>((uint128{1} << (52 + modulus.bits())) / modulus.value() -
                                              (uint128{1} << 52)))) {}

  /// a * b mod q in [0, 2q), all 64 bits. With B the bits of q, 2^(B-1) < q < 2^B, and t = floor(ab / 2^B):
  /// the quotient floor(t * floor(2^(52+B) / q) / 2^52) is short of ab / q by less than 2^B / q < 2 for t,
  /// t / 2^52 <= 1/4 for the reciprocal and 1 for its own floor: the difference is below 3.25 q < 2^52.
  Vec multiply(Vec a, Vec b) const {
    const Vec top = high(_mm512_slli_epi64(a, shift), b);
    const Vec quotient = add_high(top, top, reciprocal);  // the reciprocal's leading bit is the `top` added
    const Vec low = add_low(_mm512_setzero_si512(), a, b);
    return fold(low_bits(add_low(low, quotient, m.negated)), cloister::ifma::add(m.q, m.q));
  }

  VecModulus m;
  unsigned shift;
  Vec reciprocal;  // floor(2^(52 + B) / q) - 2^52
};

}  // namespace

void add(const Modulus& modulus, const u64* a, const u64* b, u64* out, std::size_t n) noexcept {
  const Vec q = broadcast(modulus.value());
  for (std::size_t i = 0; i < n; i += 8) store(out + i, fold(add(load(a + i), load(b + i)), q));
}

void sub(const Modulus& modulus, const u64* a, const u64* b, u64* out, std::size_t n) noexcept {
  const Vec q = broadcast(modulus.value());
  for (std::size_t i = 0; i < n; i += 8) {
    const Vec difference = sub(load(a + i), load(b + i));  // wraps, and is then the larger, if negative
    store(out + i, _mm512_min_epu64(difference, add(difference, q)));
  }
}

void negate(const Modulus& modulus, const u64* a, u64* out, std::size_t n) noexcept {
  const Vec q = broadcast(modulus.value());
  for (std::size_t i = 0; i < n; i += 8) store(out + i, fold(sub(q, load(a + i)), q));
}

void mul(const Modulus& modulus, const u64* a, const u64* b, u64* out, std::size_t n) noexcept {
  const Multiplier q(modulus);
  for (std::size_t i = 0; i < n; i += 8) store(out + i, fold(q.multiply(load(a + i), load(b + i)), q.m.q));
}

void mul_add(const Modulus& modulus, const u64* a, const u64* b, u64* out, std::size_t n) noexcept {
  const Multiplier q(modulus);
  const Vec twice = add(q.m.q, q.m.q);
  for (std::size_t i = 0; i < n; i += 8) {
    const Vec sum = add(q.multiply(load(a + i), load(b + i)), load(out + i));
    store(out + i, fold(fold(sum, twice), q.m.q));
  }
}

void mul_scalar(const Modulus& modulus, const u64* a, const ShoupFactor& factor, u64* out,
                std::size_t n) noexcept {
  const VecModulus m(modulus.value());
  const VecRoot w{VectorRoot(factor, modulus)};
  for (std::size_t i = 0; i < n; i += 8) store(out + i, canonical(product(load(a + i), w, m), m));
}

void sub_mul_scalar(const Modulus& modulus, const u64* a, const u64* b, const ShoupFactor& factor, u64* out,
                    std::size_t n) noexcept {
  const VecModulus m(modulus.value());
  const VecRoot w{VectorRoot(factor, modulus)};
  for (std::size_t i = 0; i < n; i += 8) {
    const Vec difference = sub(add(load(a + i), m.q), load(b + i));
    store(out + i, canonical(product(difference, w, m), m));
  }
}

void permute(const u64* a, const std::uint32_t* map, u64* out, std::size_t n) noexcept {
  const Vec within = broadcast(7);
  for (std::size_t i = 0; i < n; i += 8) {
    const Vec from = _mm512_cvtepu32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(map + i)));
    // An automorphism in bit-reversed order takes eight aligned values to eight aligned ones: no gather.
    const std::size_t block = map[i] & ~std::uint32_t{7};
    const Vec offset = sub(from, broadcast(block));
    if (_mm512_cmpgt_epu64_mask(offset, within) == 0) {
      store(out + i, _mm512_permutexvar_epi64(offset, load(a + block)));
    } else {
      store(out + i, _mm512_i64gather_epi64(from, a, 8));
    }
  }
}

void change_modulus(const Modulus& from, const Modulus& to, const u64* a, u64* out, std::size_t n) noexcept {
  const VecModulus m(to.value());
  const Vec half = broadcast(from.value() / 2);
  const Vec minus_from = broadcast(to.negate(to.reduce(from.value())));
  const Vec twice = add(m.q, m.q);
  for (std::size_t i = 0; i < n; i += 8) {
    const Vec x = load(a + i);
    const Vec residue = low_bits(reduced(x, m));
    // The centred value is x - from above the half: below 3q in all, since minus_from <= q - 1.
    const Vec sum = _mm512_mask_add_epi64(residue, _mm512_cmpgt_epu64_mask(x, half), residue, minus_from);
    store(out + i, fold(fold(sum, twice), m.q));
  }
}

}  // namespace cloister::ifma
