#pragma once

#include <bit>
#include <cassert>
#include <cstdint>
#include <string>

#include "cloister/base/error.h"

namespace cloister {

__extension__ using uint128 = unsigned __int128;
__extension__ using int128 = __int128;

/// The upper half of a 64 by 64 bit product.
inline std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint64_t>(static_cast<uint128>(a) * b >> 64);
}

/// A word-sized modulus q with its reduction constants; immutable. Residues are canonical, in [0, q).
/// The arithmetic is free of secret-dependent branches and divisions, except in inverse() and pow(),
/// which are for public values.
class Modulus {
 public:
  static constexpr int kMaxBits = 60;

  /// 2 <= value < 2^60, else ParametersError.
  explicit Modulus(std::uint64_t value);

  std::uint64_t value() const noexcept { return value_; }
  int bits() const noexcept { return std::bit_width(value_); }

  std::uint64_t add(std::uint64_t a, std::uint64_t b) const noexcept { return correct(a + b); }
  std::uint64_t sub(std::uint64_t a, std::uint64_t b) const noexcept { return correct(a + value_ - b); }
  std::uint64_t negate(std::uint64_t a) const noexcept { return correct(value_ - a); }
  std::uint64_t mul(std::uint64_t a, std::uint64_t b) const noexcept {
    return reduce(static_cast<uint128>(a) * b);
  }

  /// x mod q for any 64-bit x.
  std::uint64_t reduce(std::uint64_t x) const noexcept {
    return correct(x - multiply_high(x, ratio_high_) * value_);
  }
  /// x mod q for any 128-bit x.  Source: Barrett, 1986, with a two-word reciprocal floor(2^128 / q).
  std::uint64_t reduce(uint128 x) const noexcept {
    const auto low = static_cast<std::uint64_t>(x);
    const auto high = static_cast<std::uint64_t>(x >> 64);
    // The quotient's estimate drops only carries from below 2^64: it is short by at most 2.
    const uint128 middle = static_cast<uint128>(low) * ratio_high_ + multiply_high(low, ratio_low_);
    const uint128 middle2 = static_cast<uint128>(high) * ratio_low_ + static_cast<std::uint64_t>(middle);
    const std::uint64_t quotient = high * ratio_high_ + static_cast<std::uint64_t>(middle >> 64) +
                                   static_cast<std::uint64_t>(middle2 >> 64);
    return correct(correct(low - quotient * value_));
  }
  /// x mod q in [0, q) for a signed x.
  std::uint64_t reduce(std::int64_t x) const noexcept {
    const std::uint64_t sign = static_cast<std::uint64_t>(x >> 63);  // all ones if negative
    const std::uint64_t magnitude = (static_cast<std::uint64_t>(x) ^ sign) - sign;
    const std::uint64_t r = reduce(magnitude);
    return correct((r ^ sign) - sign + (value_ & sign));
  }
  /// The representative of a residue in (-q/2, q/2].
  std::int64_t centre(std::uint64_t a) const noexcept {
    return static_cast<std::int64_t>(a) - static_cast<std::int64_t>(value_ & mask(a > value_ / 2));
  }

  std::uint64_t pow(std::uint64_t base, std::uint64_t exponent) const noexcept;
  /// Throws ParametersError if gcd(a, q) != 1.
  std::uint64_t inverse(std::uint64_t a) const;

  friend bool operator==(const Modulus& a, const Modulus& b) noexcept { return a.value_ == b.value_; }

 private:
  static std::uint64_t mask(bool b) noexcept { return ~static_cast<std::uint64_t>(b) + 1; }
  // From [0, 2q) to [0, q) without a branch.
  std::uint64_t correct(std::uint64_t x) const noexcept { return x - (value_ & mask(x >= value_)); }

  std::uint64_t value_;
  std::uint64_t ratio_high_, ratio_low_;  // floor(2^128 / q)
};

/// A constant factor w with its quotient floor(w * 2^64 / q): products with it cost two multiplies.
/// Source: Shoup's trick, as in Harvey, "Faster arithmetic for number-theoretic transforms", 2014.
struct ShoupFactor {
  std::uint64_t value = 0;
  std::uint64_t quotient = 0;

  ShoupFactor() = default;
  ShoupFactor(std::uint64_t w, const Modulus& q)
      : value(w), quotient(static_cast<std::uint64_t>((static_cast<uint128>(w) << 64) / q.value())) {}

  /// x * w mod q in [0, 2q), for any 64-bit x.
  std::uint64_t mul_lazy(std::uint64_t x, std::uint64_t q) const noexcept {
    return x * value - multiply_high(x, quotient) * q;
  }
  /// x * w mod q in [0, q), for any 64-bit x.
  std::uint64_t mul(std::uint64_t x, std::uint64_t q) const noexcept {
    const std::uint64_t r = mul_lazy(x, q);
    return r - (q & (~static_cast<std::uint64_t>(r >= q) + 1));
  }
};

}  // namespace cloister
