#include "cloister/rlwe/noise.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "cloister/random/samplers.h"
#include "cloister/rlwe/security.h"

namespace cloister::rlwe {
namespace {

constexpr double kUniformUnitVariance = 1.0 / 12.0;  // of a rounding error in [-1/2, 1/2)

double degree(const ParametersSpec& spec) { return std::exp2(spec.log2_degree); }
double degree(const Parameters& p) { return degree(p.spec()); }

double log2_product(std::span<const std::uint64_t> primes) {
  double sum = 0;
  for (const auto prime : primes) sum += std::log2(static_cast<double>(prime));
  return sum;
}

}  // namespace

double fresh_secret_variance() noexcept { return kErrorVariance; }

double fresh_public_variance(const Parameters& p) noexcept {
  return kErrorVariance * (2 * degree(p) * kSecretVariance + 1);
}

double rounding_variance(const ParametersSpec& spec) noexcept {
  return kUniformUnitVariance * (1 + degree(spec) * kSecretVariance);
}
double rounding_variance(const Parameters& p) noexcept { return rounding_variance(p.spec()); }

double key_error_variance(const ParametersSpec& spec, std::size_t q_limbs) noexcept {
  const std::size_t size = spec.digit_size();
  const double log2_p = log2_product(std::span(spec.p_primes).first(spec.special_limbs(q_limbs)));
  double sum = 0;
  for (std::size_t start = 0; start < q_limbs; start += size) {
    const auto digit = std::span(spec.q_primes).subspan(start, std::min(size, q_limbs - start));
    // A centred digit has variance D^2 / 12, and is divided by P after its product with the error.
    sum += std::exp2(2 * (log2_product(digit) - log2_p)) * kUniformUnitVariance;
  }
  return sum * degree(spec) * kErrorVariance;
}
double key_error_variance(const Parameters& p, std::size_t q_limbs) noexcept {
  return key_error_variance(p.spec(), q_limbs);
}

double key_switch_variance(const Parameters& p, std::size_t q_limbs) noexcept {
  return key_error_variance(p, q_limbs) + rounding_variance(p);
}

double raising_variance(const ParametersSpec& spec) noexcept {
  // Under the sparse secret a rounding of half a counts kEncapsulationWeight times; that of the way back as a
  // mod-down's, with a key's error that is divided by far more than what it was multiplied with.
  const double sparse = (1.0 + kEncapsulationWeight) * kUniformUnitVariance;
  const double each = kUniformUnitVariance * degree(spec) * kErrorVariance;
  const double log2_first = log2_product(std::span(spec.q_primes).first(1));
  const double there = std::exp2(-2 * kEncapsulationMarginBits) * each;
  const double back = std::exp2(2 * (log2_first - log2_product(spec.p_primes))) * each;
  return there + sparse + back + rounding_variance(spec);
}
double raising_variance(const Parameters& p) noexcept { return raising_variance(p.spec()); }

}  // namespace cloister::rlwe
