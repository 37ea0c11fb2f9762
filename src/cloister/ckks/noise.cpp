#include "cloister/ckks/noise.h"

#include <cmath>
#include <numbers>

#include "cloister/rlwe/noise.h"

namespace cloister::ckks {
namespace {

// s of a probability exp(-s) for each of N / 2 slots.
double slot_exponent(int log2_degree) {
  return std::numbers::ln2 * (rlwe::kNoiseFailureBits + log2_degree - 1);
}

}  // namespace

double slot_error_bound(const Parameters& parameters, double coefficient_variance, Scale scale) noexcept {
  const double n = static_cast<double>(parameters.ring()->degree());
  return std::sqrt(slot_exponent(parameters.ring()->log2_degree()) * n * coefficient_variance) /
         scale.value();
}

// Laplace's distribution: a real Gaussian whose variance is exponential exceeds u deviations with probability
// exp(-sqrt 2 u).
double real_product_tails(int log2_degree) noexcept {
  return slot_exponent(log2_degree) / std::numbers::sqrt2;
}

// A complex one exceeds z / 2 deviations with probability z K_1(z), which is below
// sqrt(pi z / 2) (1 + 3 / (8 z)) exp(-z).
double complex_product_tails(int log2_degree) noexcept {
  const double s = slot_exponent(log2_degree);
  double z = s;
  for (int round = 0; round < 20; ++round)
    z = s + std::log(std::numbers::pi * z / 2) / 2 + std::log1p(3 / (8 * z));
  return z / 2;
}

double product_error_bound(const Parameters& parameters, double coefficient_variance, Scale scale) noexcept {
  const double n = static_cast<double>(parameters.ring()->degree());
  return complex_product_tails(parameters.ring()->log2_degree()) * std::sqrt(n * coefficient_variance) /
         scale.value();
}

double transform_error(const Parameters& parameters, double magnitude) noexcept {
  // Each of the log2 N stages adds a relative error of at most a few units of 2^-53 in the mean square.
  return 8 * parameters.ring()->log2_degree() * 0x1p-53 * magnitude;
}

double encoding_error(const Parameters& parameters, Scale scale, double magnitude) noexcept {
  return repeated_encoding_error(parameters, scale, magnitude, 1);
}

double repeated_encoding_error(const Parameters& parameters, Scale scale, double magnitude,
                               std::size_t run) noexcept {
  // A slot sums N / run coefficients of variance 1 / 12: as N of a variance that is `run` times smaller.
  return slot_error_bound(parameters, 1.0 / (12.0 * static_cast<double>(run)), scale) +
         transform_error(parameters, magnitude);
}

double rounding_error(const Parameters& parameters, Scale scale) noexcept {
  return product_error_bound(parameters, rlwe::rounding_variance(*parameters.rlwe()), scale);
}

double key_error(const Parameters& parameters, int level, Scale scale) noexcept {
  return product_error_bound(
      parameters, rlwe::key_error_variance(*parameters.rlwe(), static_cast<std::size_t>(level) + 1), scale);
}

double key_switch_error(const Parameters& parameters, int level, Scale scale) noexcept {
  return product_error_bound(
      parameters, rlwe::key_switch_variance(*parameters.rlwe(), static_cast<std::size_t>(level) + 1), scale);
}

}  // namespace cloister::ckks
