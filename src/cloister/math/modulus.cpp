#include "cloister/math/modulus.h"

namespace cloister {

Modulus::Modulus(std::uint64_t value) : value_(value) {
  if (value < 2 || value >> kMaxBits != 0)
    throw ParametersError("modulus: " + std::to_string(value) + " is outside [2, 2^60)");
  const uint128 all = ~uint128{0};
  // floor(2^128 / q) = floor((2^128 - 1) / q), plus one if q divides 2^128.
  uint128 ratio = all / value;
  if (all % value == value - 1) ++ratio;
  ratio_high_ = static_cast<std::uint64_t>(ratio >> 64);
  ratio_low_ = static_cast<std::uint64_t>(ratio);
}

std::uint64_t Modulus::pow(std::uint64_t base, std::uint64_t exponent) const noexcept {
  std::uint64_t result = reduce(std::uint64_t{1});
  for (base = reduce(base); exponent != 0; exponent >>= 1) {
    if (exponent & 1) result = mul(result, base);
    base = mul(base, base);
  }
  return result;
}

std::uint64_t Modulus::inverse(std::uint64_t a) const {
  // Extended Euclid on signed 128-bit values, wide enough for every intermediate.
  int128 r0 = value_, r1 = reduce(a), t0 = 0, t1 = 1;
  while (r1 != 0) {
    const int128 quotient = r0 / r1;
    r0 -= quotient * r1;
    t0 -= quotient * t1;
    std::swap(r0, r1);
    std::swap(t0, t1);
  }
  if (r0 != 1)
    throw ParametersError("inverse: " + std::to_string(a) + " is not invertible modulo " +
                          std::to_string(value_));
  return static_cast<std::uint64_t>(t0 < 0 ? t0 + value_ : t0);
}

}  // namespace cloister
