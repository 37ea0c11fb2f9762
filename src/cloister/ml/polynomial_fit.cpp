#include "cloister/ml/polynomial_fit.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <string>

#include "cloister/base/error.h"

namespace cloister::ml {
namespace {

constexpr int kMaxDegree = 63;
constexpr double kMaxRange = 1024;
constexpr int kMaxExchanges = 100;
constexpr double kLevelTolerance = 1e-10;  // relative spread of the extrema at which the exchange stops
constexpr double kNoiseFloor = 1e-13;  // errors below this share of sup|f| are rounding, not approximation
constexpr int kCheckPoints = 1 << 16;

/// sum c_k T_k(x) by Clenshaw.
double evaluate_chebyshev(std::span<const double> c, double x) {
  double above = 0, current = 0;
  for (std::size_t k = c.size(); k-- > 1;) {
    const double next = 2 * x * current - above + c[k];
    above = current;
    current = next;
  }
  return x * current - above + c[0];
}

/// Coefficients of d/dx sum c_k T_k(x).
std::vector<double> differentiate(std::span<const double> c) {
  const std::size_t n = c.size();
  std::vector<double> d(std::max<std::size_t>(n - 1, 1), 0.0);
  for (std::size_t k = n - 1; k >= 1; --k)
    d[k - 1] = (k + 1 < d.size() ? d[k + 1] : 0.0) + 2.0 * static_cast<double>(k) * c[k];
  d[0] /= 2;
  return d;
}

/// sup on [-1, 1] of |d^2/dx^2 sum c_k T_k(x)|, by |T_k''| <= T_k''(1) = k^2 (k^2 - 1) / 3.
double curvature_bound(std::span<const double> c) {
  double sum = 0;
  for (std::size_t k = 0; k < c.size(); ++k) {
    const double k2 = static_cast<double>(k) * static_cast<double>(k);
    sum += std::abs(c[k]) * k2 * (k2 - 1) / 3;
  }
  return sum;
}

/// What a function with |f''| <= curvature may exceed its values on a grid of `points` intervals over
/// `length` by.
double grid_slack(double length, double curvature) {
  const double h = length / kCheckPoints;
  return h * h / 8 * curvature;
}

/// Coefficients of the powers of x of sum c_k T_k(x / range).
std::vector<double> to_power_basis(std::span<const double> c, double range) {
  const std::size_t n = c.size();
  std::vector<long double> sum(n, 0.0L), current(n, 0.0L), previous(n, 0.0L), next(n, 0.0L);
  current[0] = 1;  // T_0
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t i = 0; i < n; ++i) sum[i] += c[k] * current[i];
    const long double factor = k == 0 ? 1 : 2;  // T_1 = x T_0, then T_{k+1} = 2 x T_k - T_{k-1}
    for (std::size_t i = 0; i < n; ++i) next[i] = (i > 0 ? factor * current[i - 1] : 0.0L) - previous[i];
    std::swap(previous, current);
    std::swap(current, next);
  }
  std::vector<double> power(n);
  long double scale = 1;
  for (std::size_t i = 0; i < n; ++i, scale /= range) power[i] = static_cast<double>(sum[i] * scale);
  return power;
}

/// Solves the dense system a x = b in place by elimination with row pivoting; [n][n] row-major.
std::vector<long double> solve_dense(std::vector<long double> a, std::vector<long double> b) {
  const std::size_t n = b.size();
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k + 1; i < n; ++i)
      if (std::abs(a[i * n + k]) > std::abs(a[pivot * n + k])) pivot = i;
    if (a[pivot * n + k] == 0) throw InternalError("minimax fit: singular exchange system");
    if (pivot != k) {
      std::swap_ranges(&a[k * n], &a[k * n] + n, &a[pivot * n]);
      std::swap(b[k], b[pivot]);
    }
    for (std::size_t i = k + 1; i < n; ++i) {
      const long double factor = a[i * n + k] / a[k * n + k];
      for (std::size_t j = k; j < n; ++j) a[i * n + j] -= factor * a[k * n + j];
      b[i] -= factor * b[k];
    }
  }
  for (std::size_t k = n; k-- > 0;) {
    for (std::size_t j = k + 1; j < n; ++j) b[k] -= a[k * n + j] * b[j];
    b[k] /= a[k * n + k];
  }
  return b;
}

/// Remez's exchange for f(range x) on [low, 1] with the Chebyshev polynomials of the given orders, which must
/// satisfy Haar's condition there.
class Exchange {
 public:
  Exchange(const std::function<double(double)>& f, double range, std::vector<int> orders, double low)
      : f_(f), range_(range), orders_(std::move(orders)), low_(low) {
    coefficients_.assign(static_cast<std::size_t>(orders_.back()) + 1, 0.0);
  }

  /// Runs to convergence; returns the levelled error.
  double run(std::vector<double> points) {
    for (int round = 0;; ++round) {
      const double level = solve_levelled(points);
      std::vector<double> extrema = find_extrema();
      double worst = 0, least = HUGE_VAL, scale = 0;
      for (const double x : extrema) {
        worst = std::max(worst, std::abs(error(x)));
        least = std::min(least, std::abs(error(x)));
        scale = std::max(scale, std::abs(f_(range_ * x)));
      }
      if (worst <= kNoiseFloor * scale) return level;
      if (extrema.size() == points.size() && worst - least <= kLevelTolerance * worst) return level;
      if (extrema.size() != points.size() || round == kMaxExchanges)
        throw ParametersError(
            "minimax fit: the exchange does not settle; lower the degree or check that the "
            "function is smooth on the interval");
      points = std::move(extrema);
    }
  }

  std::vector<double> coefficients() const { return coefficients_; }

 private:
  double error(double x) const { return f_(range_ * x) - evaluate_chebyshev(coefficients_, x); }

  double solve_levelled(const std::vector<double>& points) {
    const std::size_t n = points.size();
    std::vector<long double> a(n * n), b(n);
    for (std::size_t i = 0; i < n; ++i) {
      const long double angle = std::acos(static_cast<long double>(std::clamp(points[i], -1.0, 1.0)));
      for (std::size_t j = 0; j + 1 < n; ++j) a[i * n + j] = std::cos(orders_[j] * angle);
      a[i * n + n - 1] = i % 2 == 0 ? 1 : -1;
      b[i] = f_(range_ * points[i]);
      if (!std::isfinite(static_cast<double>(b[i])))
        throw ParametersError(
            "minimax fit: the function is not finite on the whole interval; narrow the range");
    }
    const std::vector<long double> x = solve_dense(std::move(a), std::move(b));
    for (std::size_t j = 0; j + 1 < n; ++j)
      coefficients_[static_cast<std::size_t>(orders_[j])] = static_cast<double>(x[j]);
    return std::abs(static_cast<double>(x[n - 1]));
  }

  /// One extremum of the error for each run of equal sign, alternating, the outer ones dropped until as many
  /// are left as the system needs.
  std::vector<double> find_extrema() const {
    const std::size_t wanted = orders_.size() + 1;
    const int steps = 400 * static_cast<int>(wanted);
    const auto point = [&](int i) {  // Chebyshev spacing, from 1 down to low
      return low_ + (1 - low_) * (1 + std::cos(std::numbers::pi * i / steps)) / 2;
    };
    std::vector<double> found;
    for (int i = 0; i <= steps; ++i) {
      const double left = point(std::max(i - 1, 0)), right = point(std::min(i + 1, steps));
      const double here = std::abs(error(point(i)));
      if (here < std::abs(error(left)) || here < std::abs(error(right))) continue;
      const double x = refine(right, left);
      if (!found.empty() && (error(found.back()) > 0) == (error(x) > 0)) {
        if (std::abs(error(x)) > std::abs(error(found.back()))) found.back() = x;
      } else {
        found.push_back(x);
      }
    }
    while (found.size() > wanted) {
      const bool first = std::abs(error(found.front())) < std::abs(error(found.back()));
      found.erase(first ? found.begin() : found.end() - 1);
    }
    return found;
  }

  /// Golden-section search for the largest |error| between two points, the ends included.
  double refine(double from, double to) const {
    constexpr double kGolden = 0.6180339887498949;  // (sqrt(5) - 1) / 2
    double a = from, b = to;
    for (int i = 0; i < 40; ++i) {
      const double x = b - kGolden * (b - a), y = a + kGolden * (b - a);
      if (std::abs(error(x)) > std::abs(error(y)))
        b = y;
      else
        a = x;
    }
    double best = (a + b) / 2;
    for (const double end : {from, to})
      if (std::abs(error(end)) > std::abs(error(best))) best = end;
    return best;
  }

  const std::function<double(double)>& f_;
  double range_;
  std::vector<int> orders_;
  double low_;
  std::vector<double> coefficients_;
};

void check_domain(double range, int degree) {
  if (!(range > 0) || range > kMaxRange)
    throw ParametersError("minimax fit: the range must lie in (0, 1024]; got " + std::to_string(range));
  if (degree < 1 || degree > kMaxDegree)
    throw ParametersError("minimax fit: the degree must lie in [1, 63]; got " + std::to_string(degree));
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
  Exchange exchange(f, range, std::move(orders), -1.0);
  PolynomialFit fit;
  fit.range = range;
  fit.levelled_error = exchange.run(std::move(points));
  fit.chebyshev = exchange.coefficients();
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
  Exchange exchange(f, range, std::move(orders), 0.0);
  PolynomialFit fit;
  fit.range = range;
  fit.levelled_error = exchange.run(std::move(points));
  fit.chebyshev = exchange.coefficients();
  constexpr double kSigmoidCurvature = 0.09623;  // sup |sigmoid''| = 1 / (6 sqrt(3)), rounded up
  certify(fit, f, kSigmoidCurvature);
  return fit;
}

SlopeBounds slope_bounds(const PolynomialFit& fit, double limit) {
  if (!(limit > 0) || limit > fit.range)
    throw ParametersError("slope bounds: the limit must lie within the fitted interval");
  std::vector<double> slope = differentiate(fit.chebyshev);
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
