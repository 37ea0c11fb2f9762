#include "cloister/circuits/modular_reduction.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "cloister/circuits/internal/exponential_fit.h"
#include "cloister/circuits/internal/reduction_noise.h"
#include "cloister/ckks/noise.h"
#include "cloister/ckks/rotations.h"

namespace cloister::circuits {
namespace {

using ckks::Ciphertext;
using ckks::Evaluator;

constexpr double kTurn = 2 * std::numbers::pi;

}  // namespace

ModularReduction::ModularReduction(const Range& range)
    : range_(range), sines_(internal::two_sines(kTurn * range.margin)) {
  if (range.overflow < 1 || range.overflow > 64 || !(range.margin > 0) || !(range.margin < 0x1p-4))
    throw ParametersError(
        "modular reduction: the overflow must lie in [1, 64] and the fraction in (0, 1/16)");
  auto fit = internal::fit_exponential(range.overflow, range.margin, kSquarings, kDegree);
  half_width_ = fit.half_width;
  fit_error_ = fit.max_error;
  coefficients_ = std::move(fit.coefficients);
}

PolynomialCircuit ModularReduction::exponential(double factor) const {
  std::vector<double> scaled = coefficients_;
  for (double& c : scaled) c *= factor;
  return PolynomialCircuit(Polynomial::chebyshev(std::move(scaled)));
}

Ciphertext ModularReduction::turned(const Evaluator& evaluator, const Ciphertext& operand, double gain,
                                    ckks::Scale scale) const {
  if (operand.level() < kLevels) throw LevelExhaustedError("modular reduction", operand.level(), kLevels);
  const ckks::Parameters& parameters = evaluator.parameters();
  const int last = operand.level() - kLevels + 1;
  const ckks::Scale before = parameters.scale_at(last) * parameters.scale_at(last) /
                             static_cast<double>(parameters.prime_at(last).value());
  const auto [factors, linear] = internal::ReductionFactors(sines_, kSquarings, gain, scale, before);
  const double factor = factors.front();

  auto z = exponential(factors.back()).evaluate_turned(evaluator, operand);
  z = Evaluator::with_magnitude(std::move(z), factors.back() * (1 + fit_error_));
  for (int k = kSquarings - 1; k >= 0; --k)
    z = Evaluator::with_magnitude(evaluator.square(z), factors[static_cast<std::size_t>(k)]);
  z = evaluator.finish_sum(std::array{Evaluator::Product{&z, &z}},
                           std::array{Evaluator::Multiple{&z, -linear}}, 0, z.level(),
                           factor * (linear + factor));
  const double unit = before.value() / scale.value();  // of values at `scale`
  z.scale = scale;
  // Adding worst cases all the way would not see that errors are independent, nor that slopes cancel.
  z.bound = {z.bound.magnitude * unit, error_bound(parameters, operand, gain, scale)};
  return z;
}

// Of `turned`, which is half of what internal::ReductionNoise tells of the fraction.
double ModularReduction::error_bound(const ckks::Parameters& parameters, const Ciphertext& operand,
                                     double gain, ckks::Scale scale) const {
  const internal::OperationNoise operations(parameters.spec(), parameters.rlwe()->spec());
  const auto noise = internal::reduction_noise({.exponential = coefficients_,
                                                .fit_error = fit_error_,
                                                .overflow = range_.overflow,
                                                .margin = range_.margin,
                                                .sines = sines_,
                                                .squarings = kSquarings,
                                                .level = operand.level(),
                                                .gain = gain,
                                                .scale = scale},
                                               operations, {});
  return ckks::complex_product_tails(parameters.ring()->log2_degree()) *
             std::sqrt(noise.largest_variance / 2) +
         noise.systematic / 2 + noise.slope * operand.bound.error;
}

Ciphertext ModularReduction::real_fraction(const Evaluator& evaluator, const Ciphertext& turned,
                                           double gain) const {
  const Ciphertext conjugate = ckks::Rotations(evaluator).conjugate(turned);
  return with_sine_error(evaluator.multiply_by_i(evaluator.sub(turned, conjugate)), gain, 1);
}

// i (x - conj x) + i i (y - conj y) = i ((x + i y) - conj(x - i y)).
Ciphertext ModularReduction::complex_fraction(const Evaluator& evaluator, const Ciphertext& first,
                                              const Ciphertext& second, double gain) const {
  const Ciphertext turned = evaluator.multiply_by_i(second.clone());
  const Ciphertext conjugate = ckks::Rotations(evaluator).conjugate(evaluator.sub(first, turned));
  return with_sine_error(evaluator.multiply_by_i(evaluator.sub(evaluator.add(first, turned), conjugate)),
                         gain, std::numbers::sqrt2);
}

Ciphertext ModularReduction::with_sine_error(Ciphertext fraction, double gain, double parts) const {
  const double largest = parts * gain * range_.margin;
  fraction.bound = {largest, fraction.bound.error + largest * relative_error()};
  return fraction;
}

}  // namespace cloister::circuits
