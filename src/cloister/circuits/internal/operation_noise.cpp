#include "cloister/circuits/internal/operation_noise.h"

#include <cmath>

#include "cloister/rlwe/noise.h"

namespace cloister::circuits::internal {

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
