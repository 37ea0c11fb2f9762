#pragma once

#include <functional>
#include <vector>

namespace cloister::ml {

/// A minimax polynomial q on [-range, range], with what is proven of it.
struct PolynomialFit {
  double range = 0;               ///< R
  std::vector<double> chebyshev;  ///< c_k of T_k(x / R), k = 0..degree
  std::vector<double> power;      ///< a_k of x^k, k = 0..degree
  double levelled_error =
      0;                 ///< the equioscillating error: no polynomial of the degree has a smaller maximum
  double max_error = 0;  ///< proven: |f - q| on the interval never exceeds it
  double min_slope = 0;  ///< proven lower bound of q' on the interval
  double max_slope = 0;  ///< proven upper bound of q' on the interval

  int degree() const { return static_cast<int>(chebyshev.size()) - 1; }

  /// q(x) by Clenshaw's recurrence; x may lie outside the interval, where nothing is promised.
  double operator()(double x) const;
};

/// The minimax polynomial of degree at most `degree` of a smooth function on [-range, range].
///
/// Math: Remez's exchange on the Chebyshev basis. `max_error` is the maximum on a uniform grid plus
/// h^2/8 (sup|f''| + sup|q''|), the most that a twice differentiable function can rise between two
/// points h apart.
/// Domain: range in (0, 1024], degree in [1, 63]; `second_derivative_bound` >= sup|f''| on the interval.
/// Errors: ParametersError for values outside the domain or a function that is not finite there.
/// Source: Remez 1934; Powell, "Approximation Theory and Methods", 1981, chapters 7-10.
PolynomialFit fit_minimax(const std::function<double(double)>& f, double range, int degree,
                          double second_derivative_bound);

/// The minimax polynomial of sigmoid(x) - 1/2 on [-range, range]; odd, so only odd coefficients are not
/// zero, and the exchange runs on half the interval with half the unknowns.
///
/// Domain: as above, with `degree` odd.
PolynomialFit fit_sigmoid(double range, int degree);

/// Smallest and largest value of q' on [-limit, limit], 0 < limit <= range, each rounded outward.
struct SlopeBounds {
  double min = 0;
  double max = 0;
};
SlopeBounds slope_bounds(const PolynomialFit& fit, double limit);

/// The largest Z <= range, to 1/1024 of the range and rounded down, such that q' >= 0 on [-Z, Z]; 0 where
/// q falls at the origin. Beyond it the surrogate loss that the polynomial stands for is no longer convex.
double monotone_range(const PolynomialFit& fit);

/// 1 / (1 + e^-x), without overflow.
double sigmoid(double x);

}  // namespace cloister::ml
