// Between clear values, signed integers and residues. Plain loops that the compiler makes vectors of; where a
// quotient is needed it is estimated in double precision, which vectors have on every target, while the
// remainder is exact.
#include "cloister/kernels/internal/portable_kernels.h"
#include "cloister/kernels/internal/portable_vector.h"

namespace cloister::CLOISTER_KERNEL_TARGET {
namespace {

using u64 = std::uint64_t;
using i64 = std::int64_t;

inline double as_double(u64 bits) { return __builtin_bit_cast(double, bits); }
inline u64 as_bits(double x) { return __builtin_bit_cast(u64, x); }

// Integers pass through the lowest bits of a double of a fixed exponent: adding rounds to the nearest
// integer.
constexpr double kUnsignedShift = 0x1p52;  // + x holds an integer 0 <= x < 2^52 in its 52 lowest bits
constexpr double kSignedShift = 0x1.8p52;  // + x holds |x| <= 2^51, as a difference to its own bits
constexpr u64 kUnsignedBits = 0x4330000000000000;
constexpr u64 kSignedBits = 0x4338000000000000;

// For |x| <= 2^51.
inline double small_to_double(i64 x) { return as_double(static_cast<u64>(x) + kSignedBits) - kSignedShift; }
inline i64 round_small(double x) { return static_cast<i64>(as_bits(x + kSignedShift) - kSignedBits); }

// Any x, rounded once: the upper half as a multiple of 2^32 above 2^84, the lower half above 2^52.
inline double to_double(i64 x) {
  const double high = as_double((static_cast<u64>(x) >> 32 ^ 0x80000000) | 0x4530000000000000);
  const double low = as_double((static_cast<u64>(x) & 0xffffffff) | kUnsignedBits);
  return (high - (0x1p84 + 0x1p63 + 0x1p52)) + low;
}

// From (-q, q) to [0, q).
inline u64 add_if_negative(i64 x, u64 q) { return static_cast<u64>(x) + (q & static_cast<u64>(x >> 63)); }

inline i64 centre(u64 a, u64 q) {
  return static_cast<i64>(a) - static_cast<i64>(q & static_cast<u64>(static_cast<i64>(q / 2 - a) >> 63));
}

// |x| < 2^51, q < 2^52: all is exact but the estimate of x / q, which is off by at most |x| / q * 2^-52 < 1 /
// (2 q), so that the remainder is at most (q + 1) / 2.
void reduce_narrow(u64 q, const i64* __restrict x, u64* __restrict out, std::size_t n) {
  const double divisor = static_cast<double>(q), inverse = 1 / divisor;
  for (std::size_t i = 0; i < n; ++i) {
    const double dividend = small_to_double(x[i]);
    const double quotient = (dividend * inverse + kSignedShift) - kSignedShift;
    const double remainder = dividend - quotient * divisor;
    out[i] = add_if_negative(round_small(remainder), q);
  }
}

// |x| < 2^62, 2^13 <= q: the quotient is below 2^49 and its estimate off by less than 1 / 2 + 2^62 / q *
// 2^-51 < 3 / 4.
void reduce_wide(u64 q, const i64* __restrict x, u64* __restrict out, std::size_t n) {
  const double inverse = 1 / static_cast<double>(q);
  for (std::size_t i = 0; i < n; ++i) {
    const auto quotient = static_cast<u64>(round_small(to_double(x[i]) * inverse));
    out[i] = add_if_negative(static_cast<i64>(static_cast<u64>(x[i]) - quotient * q), q);
  }
}

// |x| < 2^62, q < 2^13: in two steps, x = upper * 2^20 + lower, each of at most 42 bits.
void reduce_by_tiny(u64 q, const i64* x, u64* out, std::size_t n) {
  const double divisor = static_cast<double>(q), inverse = 1 / divisor;
  const auto remainder = [&](i64 v) {
    const double dividend = small_to_double(v);
    return round_small(dividend - ((dividend * inverse + kSignedShift) - kSignedShift) * divisor);
  };
  for (std::size_t i = 0; i < n; ++i) {
    const i64 upper = remainder(x[i] >> 20), lower = x[i] & 0xfffff;
    out[i] = add_if_negative(remainder(upper * 0x100000 + lower), q);
  }
}

template <bool kAdd>
void centred(u64 q, const u64* __restrict a, double factor, double* __restrict out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const double x = to_double(centre(a[i], q)) * factor;
    out[i] = kAdd ? out[i] + x : x;
  }
}

}  // namespace

void split_complex(const double* __restrict z, double* __restrict real, double* __restrict imaginary,
                   std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    real[i] = z[2 * i];
    imaginary[i] = z[2 * i + 1];
  }
}
void join_complex(const double* __restrict real, const double* __restrict imaginary, double* __restrict z,
                  std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    z[2 * i] = real[i];
    z[2 * i + 1] = imaginary[i];
  }
}

double largest_norm(const double* real, const double* imaginary, std::size_t n) noexcept {
  // A product with zero is zero, or NaN where a part is infinite or NaN; a sum stays NaN.
  Doubles largest{}, zero{};
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Doubles re = load(real + i), im = load(imaginary + i);
    const Doubles norm = re * re + im * im;
    largest = norm > largest ? norm : largest;
    zero += re * 0.0 + im * 0.0;
  }
  double out = 0, rest = 0;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    out = largest[lane] > out ? largest[lane] : out;
    rest += zero[lane];
  }
  for (; i < n; ++i) {
    const double norm = real[i] * real[i] + imaginary[i] * imaginary[i];
    out = norm > out ? norm : out;
    rest += real[i] * 0.0 + imaginary[i] * 0.0;
  }
  return out + rest;
}

void round_scaled(const double* __restrict x, double factor, i64* __restrict out, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    // As upper * 2^32 + lower, |lower| <= 2^31, both exact until the lower one is rounded; what is added is
    // even, so that halves go where they should.
    const double product = x[i] * factor;
    const double shifted = product * 0x1p-32 + kSignedShift;
    const double lower = product - (shifted - kSignedShift) * 0x1p32;
    out[i] = static_cast<i64>((as_bits(shifted) << 32) + static_cast<u64>(round_small(lower)));
  }
}

void reduce_signed(const Modulus& modulus, const i64* __restrict x, int bits, u64* __restrict out,
                   std::size_t n) noexcept {
  const u64 q = modulus.value();
  if (q >> bits != 0) {
    for (std::size_t i = 0; i < n; ++i) out[i] = add_if_negative(x[i], q);
  } else if (bits <= 51) {
    reduce_narrow(q, x, out, n);
  } else if (q >> 13 != 0) {
    reduce_wide(q, x, out, n);
  } else {
    reduce_by_tiny(q, x, out, n);
  }
}

void reduce_small(const Modulus& modulus, const std::int8_t* __restrict x, u64* __restrict out,
                  std::size_t n) noexcept {
  const u64 q = modulus.value();
  // A multiple of q that is at least 128 makes every x positive; for q > 128 it is q itself.
  if (q > 128) {
    for (std::size_t i = 0; i < n; ++i) out[i] = add_if_negative(x[i], q);
    return;
  }
  const double divisor = static_cast<double>(q), inverse = 1 / divisor;
  for (std::size_t i = 0; i < n; ++i) {
    const double dividend = x[i];
    const double quotient = (dividend * inverse + kSignedShift) - kSignedShift;
    out[i] = add_if_negative(round_small(dividend - quotient * divisor), q);
  }
}

std::size_t reduce_uniform(const Modulus& modulus, u64* words, std::size_t n) noexcept {
  const u64 q = modulus.value();
  const u64 limit = ~u64{0} - (~u64{0} % q + 1) % q;  // one below the largest multiple of q
  // The limit's upper bit is set: a word is above it where its own is and the difference is negative.
  u64 above = 0;
  for (std::size_t i = 0; i < n; ++i) above |= words[i] & (limit - words[i]);
  std::size_t kept = n;
  if (above >> 63 != 0) {
    kept = 0;
    for (std::size_t i = 0; i < n; ++i) {
      words[kept] = words[i];
      kept += words[i] <= limit;
    }
  }
  if (q <= u64{1} << 32) {
    for (std::size_t i = 0; i < kept; ++i) words[i] %= q;
    return kept;
  }
  // The quotient's estimate, from the upper 52 bits, is below 2^32 and off by less than 1/2 + 2^12 / q +
  // 2^-20, so that the remainder is within (-q, q).
  const double inverse = 0x1p12 / static_cast<double>(q);
  for (std::size_t i = 0; i < kept; ++i) {
    const u64 word = words[i];
    const double upper = as_double(word >> 12 | kUnsignedBits) - kUnsignedShift;
    const u64 quotient = as_bits(upper * inverse + kUnsignedShift) - kUnsignedBits;
    words[i] = add_if_negative(static_cast<i64>(word - quotient * q), q);
  }
  return kept;
}

void centred_to_double(const Modulus& q, const u64* a, double factor, double* out, std::size_t n) noexcept {
  centred<false>(q.value(), a, factor, out, n);
}
void add_centred(const Modulus& q, const u64* a, double factor, double* out, std::size_t n) noexcept {
  centred<true>(q.value(), a, factor, out, n);
}

}  // namespace cloister::CLOISTER_KERNEL_TARGET
