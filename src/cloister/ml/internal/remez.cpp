#include "cloister/ml/internal/remez.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "cloister/base/error.h"
#include "cloister/ml/internal/chebyshev.h"

namespace cloister::ml {
namespace {

constexpr int kMaxExchanges = 100;
constexpr double kLevelTolerance = 1e-10;  // relative spread of the extrema at which the exchange stops
constexpr double kNoiseFloor = 1e-13;      // errors below this share of sup|f| are rounding

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

}  // namespace

LevelledPolynomial exchange(const std::function<double(double)>& f, double range, std::vector<int> orders,
                            double low, std::vector<double> points) {
  Exchange run(f, range, std::move(orders), low);
  const double error = run.run(std::move(points));
  return {run.coefficients(), error};
}

}  // namespace cloister::ml
