#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cloister/math/big_integer.h"

namespace cloister::paillier {

/// Clear integers: wide enough for exact sums of products of fixed-point values.
using Int128 = __int128;
/// Largest exponent of two that a clear integer's magnitude may reach.
inline constexpr int kMaxIntegerBits = 126;
/// Largest fraction_bits + integer_bits of a format.
inline constexpr int kMaxFormatBits = 62;

/// How real values become integers: value -> round(value * 2^fraction_bits), |value| <= 2^integer_bits.
/// One format holds for all values of a vector and is public, fixed by the plan before any value is
/// seen; so neither it nor the bounds derived from it tell anything of the values.
struct FixedPoint {
  int fraction_bits = 24;
  int integer_bits = 8;

  /// Throws ParametersError unless both are >= 0 and their sum is at most kMaxFormatBits.
  void validate() const;
  /// The largest magnitude of an encoded value, 2^(fraction_bits + integer_bits).
  BigInteger bound() const;
  bool operator==(const FixedPoint&) const = default;
};

/// round(value * 2^fraction_bits), ties to even, exact for every double. Throws ParametersError, which
/// names `index` and not the value, unless it is finite and the result's magnitude at most 2^max_bits.
Int128 encode_value(double value, int fraction_bits, int max_bits, std::size_t index);
std::vector<Int128> encode_values(std::span<const double> values, const FixedPoint& format);

BigInteger to_big_integer(Int128 value);

}  // namespace cloister::paillier
