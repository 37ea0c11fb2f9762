#include "cloister/circuits/modular_reduction.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "cloister/circuits/internal/cosine_fit.h"

namespace cloister::circuits {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

double squared(double x) { return x * x; }

}  // namespace

ModularReduction::ModularReduction(const Range& range) : range_(range) {
  if (range.overflow < 1 || range.overflow > 64 || !(range.margin > 0) || !(range.margin < 0x1p-4))
    throw ParametersError(
        "modular reduction: the overflow must lie in [1, 64] and the fraction in (0, 1/16)");
  auto fit = internal::fit_cosine(range.overflow, range.margin, kDoubleAngles, kDegree);
  half_width_ = fit.half_width;
  fit_error_ = fit.max_error;
  coefficients_ = std::move(fit.coefficients);
}

double ModularReduction::operand_unit() const noexcept { return half_width_ / std::numbers::sqrt2; }

// x (1 + h^2 / 8) - x^3 h^2 / 6 is x within h^2 / 24 on [-1, 1]: x^3 - 3/4 x is at most 1/4 there.
double ModularReduction::relative_error() const noexcept { return squared(kTurn * range_.margin) / 24; }

PolynomialCircuit ModularReduction::cosine(double factor) const {
  std::vector<double> scaled = coefficients_;
  for (double& c : scaled) c *= factor;
  return PolynomialCircuit(Polynomial::chebyshev(std::move(scaled)));
}

int ModularReduction::key_switches() const noexcept { return 1 + cosine(1).key_switches() + kDoubleAngles; }

ckks::Ciphertext ModularReduction::evaluate(const ckks::Evaluator& evaluator, const ckks::Ciphertext& operand,
                                            double gain, ckks::Scale scale) const {
  if (operand.level() < kLevels) throw LevelExhaustedError("modular reduction", operand.level(), kLevels);
  const ckks::Parameters& parameters = evaluator.parameters();
  const int last = operand.level() - kLevels + 1;
  const ckks::Scale before = parameters.scale_at(last) * parameters.scale_at(last) /
                             static_cast<double>(parameters.prime_at(last).value());
  // m is sin(2 pi t) / 2 pi at its slope in the middle, a little steeper over the whole range. Factors f of
  // what is doubled: f' (2 y^2 - 1) = (f y)^2 - f' where f^2 = 2 f'.
  const double slope = 1 + squared(kTurn * range_.margin) / 8;
  std::vector<double> factors{slope * gain / kTurn * scale.value() / before.value()};
  for (int k = 0; k < kDoubleAngles; ++k) factors.push_back(std::sqrt(2 * factors.back()));

  auto u = evaluator.add(operand, -0.25 / operand_unit());
  u = ckks::Evaluator::with_magnitude(std::move(u), std::numbers::sqrt2);
  auto v = evaluator.finish(evaluator.add(evaluator.multiply_lazy(u, u), -1.0));
  v = ckks::Evaluator::with_magnitude(std::move(v), 1);
  auto y = cosine(factors.back()).evaluate_scaled(evaluator, v);
  y.bound = {factors.back() * (1 + fit_error_), y.bound.error + factors.back() * fit_error_};
  for (int k = kDoubleAngles - 1; k >= 0; --k) {
    const double factor = factors[static_cast<std::size_t>(k)];
    y = evaluator.finish(evaluator.add(evaluator.multiply_lazy(y, y), -factor));
    y = ckks::Evaluator::with_magnitude(std::move(y), factor);
  }
  const double unit = before.value() / scale.value();  // of values at `scale`
  const double largest = gain * range_.margin;
  y.scale = scale;
  y.bound = {largest, y.bound.error * unit + largest * relative_error()};
  return y;
}

}  // namespace cloister::circuits
