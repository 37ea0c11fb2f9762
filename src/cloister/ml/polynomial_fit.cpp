#include "cloister/ml/polynomial_fit.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "cloister/base/error.h"
#include "cloister/ml/internal/chebyshev.h"
#include "cloister/ml/internal/remez.h"

namespace cloister::ml {
namespace {

constexpr int kMaxDegree = 63;
constexpr double kMaxRange = 1024;
constexpr int kCheckPoints = 1 << 16;

/// What a function with |f''| <= curvature may exceed its values on a grid of kCheckPoints intervals over
/// `length` by.
double grid_slack(double length, double curvature) {
  const double h = length / kCheckPoints;
  return h * h / 8 * curvature;
}

void check_domain(double range, int degree) {
  if (!(range > 0) || range > kMaxRange)
    throw ParametersError("minimax fit: the range must lie in (0, 1024]; got " + std::to_string(range));
  if (degree < 1 || degree > kMaxDegree)
    throw ParametersError("minimax fit: the degree must lie in [1, 63]; got " + std::to_string(degree));
}

/// A fit of f on [low range, range] with the Chebyshev coefficients and the levelled error filled.
PolynomialFit level(const std::function<double(double)>& f, double range, std::vector<int> orders, double low,
                    std::vector<double> points) {
  LevelledPolynomial levelled = exchange(f, range, std::move(orders), low, std::move(points));
  PolynomialFit fit;
  fit.range = range;
  fit.chebyshev = std::move(levelled.coefficients);
  fit.levelled_error = levelled.error;
  return fit;
}

/// Fills everything but the Chebyshev coefficients and the levelled error.
void certify(PolynomialFit& fit, const std::function<double(double)>& f, double second_derivative_bound) {
  fit.power = to_power_basis(fit.chebyshev, fit.range);
  double worst = 0;
  for (int i = 0; i <= kCheckPoints; ++i) {
    const double x = fit.range * (2.0 * i / kCheckPoints - 1);
    worst = std::max(worst, std::abs(f(x) - fit(x)));
  }
  const double curvature = second_derivative_bound + curvature_bound(fit.chebyshev) / (fit.range * fit.range);
  fit.max_error = worst + grid_slack(2 * fit.range, curvature);
  const SlopeBounds slopes = slope_bounds(fit, fit.range);
  fit.min_slope = slopes.min;
  fit.max_slope = slopes.max;
}

}  // namespace

double PolynomialFit::operator()(double x) const { return evaluate_chebyshev(chebyshev, x / range); }

double sigmoid(double x) {
  const double e = std::exp(-std::abs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

PolynomialFit fit_minimax(const std::function<double(double)>& f, double range, int degree,
                          double second_derivative_bound) {
  check_domain(range, degree);
  std::vector<int> orders;
  std::vector<double> points;
  for (int k = 0; k <= degree; ++k) orders.push_back(k);
  for (int i = 0; i <= degree + 1; ++i) {
    // Skewed, because an odd number of symmetric points levels an odd function at zero and goes no further.
    const double x = std::cos(std::numbers::pi * i / (degree + 1));
    points.push_back(x + 0.1 * (1 - x * x));
  }
  PolynomialFit fit = level(f, range, std::move(orders), -1.0, std::move(points));
  certify(fit, f, second_derivative_bound);
  return fit;
}

PolynomialFit fit_sigmoid(double range, int degree) {
  check_domain(range, degree);
  if (degree % 2 == 0)
    throw ParametersError("sigmoid fit: the degree must be odd, since sigmoid - 1/2 is; got " +
                          std::to_string(degree));
  const std::function<double(double)> f = [](double x) { return std::tanh(x / 2) / 2; };
  std::vector<int> orders;
  for (int k = 1; k <= degree; k += 2) orders.push_back(k);
  std::vector<double> points;
  for (std::size_t i = 0; i <= orders.size(); ++i)
    points.push_back(std::cos(std::numbers::pi * static_cast<double>(i) / (degree + 2)));
  PolynomialFit fit = level(f, range, std::move(orders), 0.0, std::move(points));
  constexpr double kSigmoidCurvature = 0.09623;  // sup |sigmoid''| = 1 / (6 sqrt(3)), rounded up
  certify(fit, f, kSigmoidCurvature);
  return fit;
}

SlopeBounds slope_bounds(const PolynomialFit& fit, double limit) {
  if (!(limit > 0) || limit > fit.range)
    throw ParametersError("slope bounds: the limit must lie within the fitted interval");
  std::vector<double> slope = differentiate_chebyshev(fit.chebyshev);
  for (double& c : slope) c /= fit.range;
  const double reach = limit / fit.range;
  SlopeBounds bounds{HUGE_VAL, -HUGE_VAL};
  for (int i = 0; i <= kCheckPoints; ++i) {
    const double value = evaluate_chebyshev(slope, reach * (2.0 * i / kCheckPoints - 1));
    bounds.min = std::min(bounds.min, value);
    bounds.max = std::max(bounds.max, value);
  }
  const double slack = grid_slack(2 * reach, curvature_bound(slope));
  return {bounds.min - slack, bounds.max + slack};
}

double monotone_range(const PolynomialFit& fit) {
  constexpr int kSteps = 1024;
  int safe = 0, beyond = kSteps + 1;
  while (beyond - safe > 1) {
    const int middle = (safe + beyond) / 2;
    (slope_bounds(fit, fit.range * middle / kSteps).min >= 0 ? safe : beyond) = middle;
  }
  return fit.range * safe / kSteps;
}

}  // namespace cloister::ml
