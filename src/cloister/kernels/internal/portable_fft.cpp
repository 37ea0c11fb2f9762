// The special FFT on real and imaginary parts in two arrays. Every stage works on whole vectors: the three of
// the shortest blocks are done where the bits are reversed, on eight vectors that hold one position each of
// as many blocks as there are lanes. All others go two at a time, and those whose blocks fit the first cache
// go first (or, in the inverse, last), block by block. None of this changes the operations on a value or
// their order.
#include <type_traits>

#include "cloister/kernels/internal/portable_kernels.h"
#include "cloister/kernels/internal/portable_vector.h"

namespace cloister::CLOISTER_KERNEL_TARGET {
namespace {

constexpr std::size_t kCachedBlock =
    1024;                              // values; 16 KiB with their imaginary parts, as much again of roots
constexpr std::size_t kSmallest = 64;  // below, blocks of eight do not fill a vector

// Real and imaginary parts of the values or roots of one array.
struct Parts {
  double* re;
  double* im;
  Parts operator+(std::size_t i) const { return {re + i, im + i}; }
};
struct Roots {
  const double* re;
  const double* im;
  Roots operator+(std::size_t i) const { return {re + i, im + i}; }
};

template <typename Value>
struct Complex {
  Value re, im;
};
using Vector = Complex<Doubles>;

inline Vector load(const double* re, const double* im) { return {load(re), load(im)}; }
inline Vector load(Parts x) { return load(x.re, x.im); }
inline Vector load(Roots x) { return load(x.re, x.im); }
inline void store(Parts to, const Vector& v) {
  store(to.re, v.re);
  store(to.im, v.im);
}
inline void transpose(Vector* v) {
  Doubles re[kLanes], im[kLanes];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kLanes; ++i) re[i] = v[i].re, im[i] = v[i].im;
  transpose(re);
  transpose(im);
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kLanes; ++i) v[i] = {re[i], im[i]};
}
inline Vector broadcast(Roots x) { return {Doubles{} + *x.re, Doubles{} + *x.im}; }

struct Forward {
  template <typename Value>
  static void butterfly(Complex<Value>& a, Complex<Value>& b, const Complex<Value>& w) {
    const Value re = b.re * w.re - b.im * w.im;
    const Value im = b.re * w.im + b.im * w.re;
    b = {a.re - re, a.im - im};
    a = {a.re + re, a.im + im};
  }
};
struct Inverse {
  template <typename Value>
  static void butterfly(Complex<Value>& a, Complex<Value>& b, const Complex<Value>& w) {
    const Value re = a.re - b.re;
    const Value im = a.im - b.im;
    a = {a.re + b.re, a.im + b.im};
    b = {re * w.re + im * w.im, im * w.re - re * w.im};
  }
};

template <typename Direction>
void one_stage(Roots roots, Parts x, std::size_t n, std::size_t m) {
  const std::size_t half = m / 2;
  for (Parts block = x; block.re != x.re + n; block = block + m)
    for (std::size_t j = 0; j < half; j += kLanes) {
      Vector a = load(block + j), b = load(block + j + half);
      Direction::butterfly(a, b, load(roots + half + j));
      store(block + j, a);
      store(block + j + half, b);
    }
}

// The stages of m and 2 m, in the direction's order.
template <typename Direction>
void two_stages(Roots roots, Parts x, std::size_t n, std::size_t m) {
  constexpr bool kForward = std::is_same_v<Direction, Forward>;
  const std::size_t half = m / 2;
  for (Parts block = x; block.re != x.re + n; block = block + 2 * m)
    for (std::size_t j = 0; j < half; j += kLanes) {
      const Parts at = block + j;
      const Vector w = load(roots + half + j), w0 = load(roots + m + j), w1 = load(roots + m + half + j);
      Vector a = load(at), b = load(at + half), c = load(at + m), d = load(at + m + half);
      const auto shorter = [&] {
        Direction::butterfly(a, b, w);
        Direction::butterfly(c, d, w);
      };
      if constexpr (kForward) shorter();
      Direction::butterfly(a, c, w0);
      Direction::butterfly(b, d, w1);
      if constexpr (!kForward) shorter();
      store(at, a);
      store(at + half, b);
      store(at + m, c);
      store(at + m + half, d);
    }
}

// The stages of blocks of `first`, 2 `first`, ..., `last` values, on n values.
void forward_stages(Roots roots, Parts x, std::size_t n, std::size_t first, std::size_t last) {
  std::size_t m = first;
  for (; 2 * m <= last; m *= 4) two_stages<Forward>(roots, x, n, m);
  if (m <= last) one_stage<Forward>(roots, x, n, m);
}
// The same from `last` down.
void inverse_stages(Roots roots, Parts x, std::size_t n, std::size_t first, std::size_t last) {
  std::size_t m = last;
  for (; m >= 2 * first; m /= 4) two_stages<Inverse>(roots, x, n, m / 2);
  if (m >= first) one_stage<Inverse>(roots, x, n, m);
}

// The stages of 2, 4 and 8 values on eight vectors: v[k] has the values at k of one block a lane.
template <typename Direction>
inline void three_stages(Roots roots, Vector (&v)[8]) {
  constexpr bool kForward = std::is_same_v<Direction, Forward>;
#pragma GCC unroll 3
  for (int stage = 0; stage < 3; ++stage) {
    const int half = kForward ? 1 << stage : 4 >> stage;
#pragma GCC unroll 4
    for (int pair = 0; pair < 4; ++pair) {
      const int j = pair % half, a = pair / half * 2 * half + j;
      Direction::butterfly(v[a], v[a + half], broadcast(roots + static_cast<std::size_t>(half + j)));
    }
  }
}

std::size_t reversed(std::size_t x, std::size_t n) {
  std::size_t out = 0;
  for (std::size_t bit = 1; bit < n; bit *= 2, x /= 2) out = 2 * out + x % 2;
  return out;
}

// Where the bit reversal meets the blocks of eight: lane l of group g stands for the block at
// reversed(g * kLanes + l), whose value at k comes from (or goes to) reversed(k) * n / 8 + g * kLanes + l.
struct Group {
  Group(std::size_t g, std::size_t n)
      : natural(g * kLanes), eighth(n / 8), block(8 * reversed(g, n / 8 / kLanes)) {}
  std::size_t at(std::size_t k) const { return reversed(k, 8) * eighth + natural; }
  std::size_t block_of(std::size_t lane) const {
    return reversed(lane, kLanes) * (eighth / kLanes) * 8 + block;
  }

  std::size_t natural, eighth, block;
};

// Fits no vector: the same in the plainest form.
template <typename Direction>
void small_stage(const FftRoots& roots, Parts x, std::size_t m) {
  for (std::size_t start = 0; start < roots.size; start += m)
    for (std::size_t j = start; j < start + m / 2; ++j) {
      Complex<double> a{x.re[j], x.im[j]}, b{x.re[j + m / 2], x.im[j + m / 2]};
      const std::size_t root = m / 2 + j - start;
      Direction::butterfly(a, b, Complex<double>{roots.real[root], roots.imaginary[root]});
      x.re[j] = a.re, x.im[j] = a.im;
      x.re[j + m / 2] = b.re, x.im[j + m / 2] = b.im;
    }
}
void reverse_to(const double* x, double* out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = x[reversed(i, n)];
    out[n + i] = x[n + reversed(i, n)];
  }
}

}  // namespace

void fft_to_slots(const FftRoots& tables, const double* x, double* out) noexcept {
  const std::size_t n = tables.size;
  const Roots roots{tables.real, tables.imaginary};
  const Parts to{out, out + n};
  if (n < kSmallest) {
    reverse_to(x, out, n);
    for (std::size_t m = 2; m <= n; m *= 2) small_stage<Forward>(tables, to, m);
    return;
  }
  for (std::size_t g = 0; g < n / 8 / kLanes; ++g) {
    const Group group(g, n);
    Vector v[8];
#pragma GCC unroll 8
    for (std::size_t k = 0; k < 8; ++k) v[k] = load(x + group.at(k), x + n + group.at(k));
    three_stages<Forward>(roots, v);
#pragma GCC unroll 8
    for (std::size_t column = 0; column < 8; column += kLanes) {
      transpose(v + column);
#pragma GCC unroll 8
      for (std::size_t lane = 0; lane < kLanes; ++lane)
        store(to + group.block_of(lane) + column, v[column + lane]);
    }
  }
  const std::size_t cached = n < kCachedBlock ? n : kCachedBlock;
  for (std::size_t start = 0; start < n; start += cached)
    forward_stages(roots, to + start, cached, 16, cached);
  forward_stages(roots, to, n, 2 * cached, n);
}

void fft_to_coefficients(const FftRoots& tables, double* x, double* out) noexcept {
  const std::size_t n = tables.size;
  const Roots roots{tables.real, tables.imaginary};
  const Parts from{x, x + n}, to{out, out + n};
  if (n < kSmallest) {
    for (std::size_t m = n; m >= 2; m /= 2) small_stage<Inverse>(tables, from, m);
    reverse_to(x, out, n);
    return;
  }
  const std::size_t cached = n < kCachedBlock ? n : kCachedBlock;
  inverse_stages(roots, from, n, 2 * cached, n);
  for (std::size_t start = 0; start < n; start += cached)
    inverse_stages(roots, from + start, cached, 16, cached);
  for (std::size_t g = 0; g < n / 8 / kLanes; ++g) {
    const Group group(g, n);
    Vector v[8];
#pragma GCC unroll 8
    for (std::size_t column = 0; column < 8; column += kLanes) {
#pragma GCC unroll 8
      for (std::size_t lane = 0; lane < kLanes; ++lane)
        v[column + lane] = load(from + group.block_of(lane) + column);
      transpose(v + column);
    }
    three_stages<Inverse>(roots, v);
#pragma GCC unroll 8
    for (std::size_t k = 0; k < 8; ++k) store(to + group.at(k), v[k]);
  }
}

}  // namespace cloister::CLOISTER_KERNEL_TARGET
