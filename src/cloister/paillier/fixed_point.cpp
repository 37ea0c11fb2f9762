#include "cloister/paillier/fixed_point.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "cloister/base/error.h"

namespace cloister::paillier {

void FixedPoint::validate() const {
  if (fraction_bits < 0 || integer_bits < 0 || fraction_bits > kMaxFormatBits ||
      integer_bits > kMaxFormatBits - fraction_bits)
    throw ParametersError("fixed point with " + std::to_string(fraction_bits) + " fraction and " +
                          std::to_string(integer_bits) + " integer bits; both must be >= 0 and at most " +
                          std::to_string(kMaxFormatBits) + " together");
}

BigInteger FixedPoint::bound() const {
  validate();
  return BigInteger::power_of_two(static_cast<std::size_t>(fraction_bits + integer_bits));
}

Int128 encode_value(double value, int fraction_bits, int max_bits, std::size_t index) {
  if (!std::isfinite(value))
    throw ParametersError("value " + std::to_string(index) + " is not finite; impute or drop missing values");
  const double scaled = std::nearbyint(std::ldexp(value, fraction_bits));
  if (!(std::fabs(scaled) <= std::ldexp(1.0, std::min(max_bits, kMaxIntegerBits))))
    throw ParametersError("value " + std::to_string(index) + " does not fit 2^" +
                          std::to_string(max_bits - fraction_bits) +
                          "; plan for a larger range or scale the column");
  // What fits a word is converted by one instruction.
  return max_bits <= kMaxFormatBits ? static_cast<std::int64_t>(scaled) : static_cast<Int128>(scaled);
}

std::vector<Int128> encode_values(std::span<const double> values, const FixedPoint& format) {
  format.validate();
  std::vector<Int128> out(values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    out[i] = encode_value(values[i], format.fraction_bits, format.fraction_bits + format.integer_bits, i);
  return out;
}

BigInteger to_big_integer(Int128 value) {
  const bool negative = value < 0;
  const auto magnitude =
      negative ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  const std::uint64_t limbs[2] = {static_cast<std::uint64_t>(magnitude),
                                  static_cast<std::uint64_t>(magnitude >> 64)};
  BigInteger out = BigInteger::from_limbs(limbs);
  return negative ? -out : std::move(out);
}

}  // namespace cloister::paillier
