#pragma once

#include <algorithm>
#include <cmath>

namespace cloister::bfv {

/// log2(2^a + 2^b).
inline double log2_sum(double a, double b) noexcept {
  return std::max(a, b) + std::log2(1 + std::exp2(-std::abs(a - b)));
}

/// What is known of a ciphertext's invariant noise v: t / Q times what it decrypts to is m + v + a multiple
/// of t, and rounds to the message m as long as every coefficient of v is below 1/2. Public: it depends on
/// the parameters, the operations and the plaintexts that are multiplied with, never on what is encrypted.
struct NoiseBound {
  /// log2 of a bound on the deviation of v's coefficients, given the secret and all that is public.
  double log2_deviation = 0;
  /// The highest power of the secret in v: the next product grows with it (noise.h).
  int secret_degree = 0;

  friend bool operator==(const NoiseBound&, const NoiseBound&) = default;
};

/// What a term counts more, as a deviation in bits, with a power of the secret less: noise.h bounds M_(k+1)
/// by 41 M_k, for every N.
inline constexpr double kSecretPowerBits = 2.7;

/// Of a sum: whether noises are independent is not known, so that deviations add. A small one with higher
/// powers of the secret counts as a larger one with fewer, if it is small all the same: growth is then that
/// of what matters.
inline NoiseBound operator+(const NoiseBound& a, const NoiseBound& b) noexcept {
  if (a.secret_degree > b.secret_degree) return b + a;
  constexpr double kNegligibleBits = 3;
  const double as_lower = b.log2_deviation + kSecretPowerBits * (b.secret_degree - a.secret_degree);
  if (as_lower < a.log2_deviation - kNegligibleBits)
    return {log2_sum(a.log2_deviation, as_lower), a.secret_degree};
  return {log2_sum(a.log2_deviation, b.log2_deviation), b.secret_degree};
}

}  // namespace cloister::bfv
