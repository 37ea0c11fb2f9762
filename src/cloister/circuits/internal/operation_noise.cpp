#include "cloister/circuits/internal/operation_noise.h"

#include <cmath>
#include <numbers>

#include "cloister/rlwe/noise.h"

namespace cloister::circuits::internal {
namespace {

constexpr double kFailureBits = 40;

// But for 2^-40, over all slots: s with exp(-s) for the probability of each.
double slots_exponent(int log2_degree) { return std::numbers::ln2 * (kFailureBits + log2_degree - 1); }

}  // namespace

// With exponential variables E of mean 1: a real Gaussian error of variance E exceeds u with probability
// exp(-sqrt 2 u).
double real_tails(int log2_degree) noexcept { return slots_exponent(log2_degree) / std::numbers::sqrt2; }

// A complex one of mean square E exceeds z / 2 with probability z K_1(z), which is below
// sqrt(pi z / 2) (1 + 3 / (8 z)) exp(-z).
double complex_tails(int log2_degree) noexcept {
  const double s = slots_exponent(log2_degree);
  double z = s;
  for (int round = 0; round < 20; ++round)
    z = s + std::log(std::numbers::pi * z / 2) / 2 + std::log1p(3 / (8 * z));
  return z / 2;
}

double OperationNoise::degree() const noexcept { return std::exp2(spec_.log2_degree); }

double OperationNoise::rounding(double scale) const noexcept {
  return degree() * rlwe::rounding_variance(chain_) / (scale * scale);
}

double OperationNoise::key_error(int level, double scale) const noexcept {
  return degree() * rlwe::key_error_variance(chain_, static_cast<std::size_t>(level) + 1) / (scale * scale);
}

double OperationNoise::raised_coefficient() const noexcept {
  return rlwe::raising_variance(chain_) / (scale_at(0) * scale_at(0));
}

}  // namespace cloister::circuits::internal
