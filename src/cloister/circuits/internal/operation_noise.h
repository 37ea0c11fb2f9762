#pragma once

#include <vector>

#include "cloister/ckks/parameters.h"

namespace cloister::circuits::internal {

/// What single operations add to a slot, from clear numbers alone: the mean square of the error's magnitude,
/// in slot values at a scale. A slot sums N coefficients times roots of unity, so that it has N times the
/// variance of one (rlwe/noise.h).
class OperationNoise {
 public:
  OperationNoise(const ckks::ParametersSpec& spec, rlwe::ParametersSpec chain)
      : spec_(spec), chain_(std::move(chain)), scales_(ckks::Parameters::scales(spec, chain_)) {}

  const ckks::ParametersSpec& spec() const noexcept { return spec_; }
  int top_level() const noexcept { return static_cast<int>(scales_.size()) - 1; }
  double degree() const noexcept;
  double scale_at(int level) const noexcept { return scales_[static_cast<std::size_t>(level)].value(); }
  double prime_at(int level) const noexcept {
    return static_cast<double>(chain_.q_primes[static_cast<std::size_t>(level)]);
  }

  /// Of a division by a prime, at the result's scale.
  double rounding(double scale) const noexcept;
  /// Of a key switch at a level before its division by P, and with it.
  double key_error(int level, double scale) const noexcept;
  double key_switch(int level, double scale) const noexcept {
    return key_error(level, scale) + rounding(scale);
  }
  /// Of an encoding of slots as a polynomial, of whose coefficients so many are rounded.
  static double encoding(std::size_t coefficients, double scale) noexcept {
    return static_cast<double>(coefficients) / 12 / (scale * scale);
  }
  /// Of one coefficient that is raised (rlwe::ModulusRaiser), at level 0.
  double raised_coefficient() const noexcept;

 private:
  ckks::ParametersSpec spec_;
  rlwe::ParametersSpec chain_;
  std::vector<ckks::Scale> scales_;
};

}  // namespace cloister::circuits::internal
