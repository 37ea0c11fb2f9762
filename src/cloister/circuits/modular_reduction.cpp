#include "cloister/circuits/modular_reduction.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "cloister/circuits/internal/exponential_fit.h"
#include "cloister/ckks/rotations.h"

namespace cloister::circuits {
namespace {

using ckks::Ciphertext;
using ckks::Evaluator;

constexpr double kTurn = 2 * std::numbers::pi;

double squared(double x) { return x * x; }

}  // namespace

ModularReduction::ModularReduction(const Range& range) : range_(range), sines_(sines(kTurn * range.margin)) {
  if (range.overflow < 1 || range.overflow > 64 || !(range.margin > 0) || !(range.margin < 0x1p-4))
    throw ParametersError(
        "modular reduction: the overflow must lie in [1, 64] and the fraction in (0, 1/16)");
  auto fit = internal::fit_exponential(range.overflow, range.margin, kSquarings, kDegree);
  half_width_ = fit.half_width;
  fit_error_ = fit.max_error;
  coefficients_ = std::move(fit.coefficients);
}

// With a + 2 b = 1 + c, the sum is (1 + c) x - (a + 8 b) x^3 / 6 + (a + 32 b) x^5 / 120 - ..., of which the
// last is near -x^5 / 30. The best that c and the cubic can make of it on [-h, h] is h^5 / 480, where they
// complete it to the fifth Chebyshev polynomial: x^5 - 5/4 h^2 x^3 + 5/16 h^4 x. Terms from x^7 on are in
// `error`, which is taken on a grid.
ModularReduction::Sines ModularReduction::sines(double h) noexcept {
  constexpr int kPoints = 1000;
  Sines out;
  out.b = (-1 - squared(h) / 4 + squared(squared(h)) / 96) / 6;
  out.a = 1 - squared(squared(h)) / 96 - 2 * out.b;
  for (int k = 1; k <= kPoints; ++k) {
    const double x = h * k / kPoints;
    out.error = std::max(out.error, std::abs(out.a * std::sin(x) + out.b * std::sin(2 * x) - x) / h);
  }
  return out;
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
  // The imaginary part of a z + b z^2 is 2 pi m; half of it, since the conjugate gives as much. With y = f z
  // of a factor f below, and factors that square with what they multiply, it is a' y + y^2 but for b's sign,
  // which is that of the whole.
  const double least = gain / (2 * kTurn) * scale.value() / before.value();
  const double factor = std::sqrt(least * std::abs(sines_.b)), linear = least * sines_.a / factor;
  std::vector<double> factors{factor};
  for (int k = 0; k < kSquarings; ++k) factors.push_back(std::sqrt(factors.back()));

  auto z = exponential(factors.back()).evaluate_turned(evaluator, operand);
  z.bound = {factors.back() * (1 + fit_error_), z.bound.error + factors.back() * fit_error_};
  for (int k = kSquarings - 1; k >= 0; --k)
    z = Evaluator::with_magnitude(evaluator.square(z), factors[static_cast<std::size_t>(k)]);
  // The bound of a product's error does not see that the two slopes all but cancel.
  const double slope = linear + 2 * factor, error = z.bound.error;
  z = Evaluator::with_bound(std::move(z), {factor, 0});
  z = evaluator.finish_sum(std::array{Evaluator::Product{&z, &z}},
                           std::array{Evaluator::Multiple{&z, -linear}}, 0, z.level(),
                           factor * (linear + factor));
  z.bound.error += slope * error;
  const double unit = before.value() / scale.value();  // of values at `scale`
  z.scale = scale;
  z.bound = {z.bound.magnitude * unit, z.bound.error * unit};
  return z;
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
