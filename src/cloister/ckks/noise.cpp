#include "cloister/ckks/noise.h"

#include <cmath>
#include <numbers>

#include "cloister/rlwe/noise.h"

namespace cloister::ckks {
namespace {
constexpr double kFailureBits = 40;
}

double slot_error_bound(const Parameters& parameters, double coefficient_variance, Scale scale) noexcept {
  const double n = static_cast<double>(parameters.ring()->degree());
  const double s = std::numbers::ln2 * (kFailureBits + parameters.ring()->log2_degree() - 1);
  return std::sqrt(s * n * coefficient_variance) / scale.value();
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
  return slot_error_bound(parameters, rlwe::rounding_variance(*parameters.rlwe()), scale);
}

double key_error(const Parameters& parameters, int level, Scale scale) noexcept {
  return slot_error_bound(
      parameters, rlwe::key_error_variance(*parameters.rlwe(), static_cast<std::size_t>(level) + 1), scale);
}

double key_switch_error(const Parameters& parameters, int level, Scale scale) noexcept {
  return slot_error_bound(
      parameters, rlwe::key_switch_variance(*parameters.rlwe(), static_cast<std::size_t>(level) + 1), scale);
}

}  // namespace cloister::ckks
