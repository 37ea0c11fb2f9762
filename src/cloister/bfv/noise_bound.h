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

/// Of a sum: whether noises are independent is not known, so that deviations add.
inline NoiseBound operator+(const NoiseBound& a, const NoiseBound& b) noexcept {
  return {log2_sum(a.log2_deviation, b.log2_deviation), std::max(a.secret_degree, b.secret_degree)};
}

}  // namespace cloister::bfv
