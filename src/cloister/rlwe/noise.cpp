#include "cloister/rlwe/noise.h"

#include <algorithm>
#include <cmath>

#include "cloister/random/samplers.h"

namespace cloister::rlwe {
namespace {

constexpr double kSecretVariance = 2.0 / 3.0;
constexpr double kUniformUnitVariance = 1.0 / 12.0;  // of a rounding error in [-1/2, 1/2)

double degree(const Parameters& p) { return static_cast<double>(p.ring()->degree()); }

}  // namespace

double fresh_secret_variance() noexcept { return kErrorVariance; }

double fresh_public_variance(const Parameters& p) noexcept {
  return kErrorVariance * (2 * degree(p) * kSecretVariance + 1);
}

double rounding_variance(const Parameters& p) noexcept {
  return kUniformUnitVariance * (1 + degree(p) * kSecretVariance);
}

double key_error_variance(const Parameters& p, std::size_t q_limbs) noexcept {
  double sum = 0;
  const auto& primes = p.spec().q_primes;
  for (std::size_t start = 0; start < q_limbs; start += p.digit_size()) {
    double log2_digit = 0;
    for (std::size_t i = start; i < std::min(start + p.digit_size(), q_limbs); ++i)
      log2_digit += std::log2(static_cast<double>(primes[i]));
    // A centred digit has variance D^2 / 12, and is divided by P after its product with the error.
    sum += std::exp2(2 * (log2_digit - p.log2_p())) * kUniformUnitVariance;
  }
  return sum * degree(p) * kErrorVariance;
}

double key_switch_variance(const Parameters& p, std::size_t q_limbs) noexcept {
  return key_error_variance(p, q_limbs) + rounding_variance(p);
}

}  // namespace cloister::rlwe
