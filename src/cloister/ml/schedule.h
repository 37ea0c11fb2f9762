#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "cloister/ml/polynomial_fit.h"

namespace cloister::ml {

/// What a logistic training's schedule is computed from. Everything here is public: the server reads it in
/// the plan, so nothing of it may come from the data, unless the owner chooses to publish `spectrum_cap`.
struct LogisticSpec {
  std::size_t features = 0;  ///< d, the intercept included
  int iterations = 0;        ///< T
  int degree = 7;            ///< of the sigmoid's polynomial; odd
  double ridge = 0;          ///< lambda of the penalty lambda/2 |w|^2, the intercept included
  /// Bound on the largest eigenvalue of S^T S / n; default_spectrum_cap(features) if absent.
  std::optional<double> spectrum_cap = std::nullopt;
  /// R; default_range(degree) if absent.
  std::optional<double> range = std::nullopt;
};

/// Nesterov's accelerated gradient with public coefficients. With rows s_i = +-(1, x_i), from w = v = 0:
///   z_i = s_i . v,  g = 1/n sum (1/2 - q(z_i)) s_i,  w' = v + step (g - ridge v),
///   v' = (1 + momentum) w' - momentum w.
struct LogisticSchedule {
  std::size_t features = 0;
  double ridge = 0;
  double spectrum_cap = 0;
  PolynomialFit sigmoid;         ///< q, close to sigmoid - 1/2
  std::vector<double> step;      ///< [T]
  std::vector<double> momentum;  ///< [T]; first and last are 0

  int iterations() const { return static_cast<int>(step.size()); }
};

/// The bound on the largest eigenvalue that a plan assumes when nobody publishes one: max(2, features / 2).
/// The trace of S^T S / n is `features` for standardized columns, so `features` always holds; half of it
/// holds unless one direction carries half of all columns' variance, and saves about a third of the
/// iterations. require_spectrum_cap tells.
double default_spectrum_cap(std::size_t features);

/// The interval that fits the margins of 5 to 10 iterations for a polynomial of this degree.
double default_range(int degree);

/// Errors: ParametersError for no features, no iterations (1..100), an even degree, a negative ridge or a
/// spectrum cap that is not positive.
LogisticSchedule plan_logistic(const LogisticSpec& spec);

/// Nine tenths of the polynomial's range: the margin limit that plans assume. The owner checks with
/// largest_margin after decryption that the result kept to it. The last tenth is left out because most
/// minimax polynomials fall steeply there, which would cost the bounds below an order of magnitude.
double default_margin_limit(const LogisticSchedule& schedule);

/// G_s for s = 1..T: the most by which an error in w_s (L2 norm) is amplified until w_T, whatever the data,
/// as long as the largest eigenvalue of S^T S / n is at most `spectrum_cap` and all margins stay within
/// [-margin_limit, margin_limit]. The derivation stands at the definition.
///
/// Cost: O(T^3).
std::vector<double> logistic_gains(const LogisticSchedule& schedule, double margin_limit);

/// A bound on |error of w_T| where each iteration adds an error of at most `error_per_iteration` to w in L2
/// (an error in v counts as one of the next w, where q' >= 0 up to the margin limit): the sum of the gains
/// times it.
double logistic_error_bound(const LogisticSchedule& schedule, double error_per_iteration,
                            double margin_limit);

/// A bound on |w_t| and |v_t| for every t, for the headroom of the ciphertexts, as long as the spectrum cap
/// holds and all margins stay within the polynomial's range.
double logistic_weight_bound(const LogisticSchedule& schedule);

/// What a linear or ridge regression's schedule is computed from; public, like LogisticSpec.
struct LinearSpec {
  std::size_t features = 0;  ///< d; columns and target centred, so there is no intercept
  int iterations = 0;        ///< T, products with the matrix
  double ridge = 0;          ///< lambda
  /// Bounds on the spectrum of X^T X / n, without the ridge. Above the upper bound the iteration may
  /// diverge; below the lower it is merely slow. Defaults: default_spectrum_cap(features), and that over
  /// max(2, iterations + 1): with more products a wider band converges.
  std::optional<double> upper = std::nullopt;
  std::optional<double> lower = std::nullopt;
};

/// Chebyshev iteration for A x = b, A = X^T X / n + ridge I, without a division:
///   x_0 = start b;  x_{k+1} = x_k + step_k (b - A x_k) + momentum_k (x_k - x_{k-1}),  x_{-1} = 0.
struct LinearSchedule {
  std::size_t features = 0;
  double ridge = 0;
  double lower = 0, upper = 0;  ///< of the spectrum of A, the ridge included
  double start = 0;
  std::vector<double> step;      ///< [T]
  std::vector<double> momentum;  ///< [T]

  int iterations() const { return static_cast<int>(step.size()); }
  /// The factor by which every component of the error with an eigenvalue in [lower, upper] shrinks from x = 0
  /// to x_T: 1 / T_{T+1}((upper + lower) / (upper - lower)). Components below `lower` never grow.
  double residual_factor() const;
};

/// Errors: ParametersError for no features, iterations outside 0..100, a negative ridge, or bounds that are
/// not 0 < lower < upper.
LinearSchedule plan_linear(const LinearSpec& spec);

/// G_s for s = 0..T: the most by which an error in x_s (L2 norm) is amplified until x_T for any A whose
/// spectrum lies in [ridge, upper].
std::vector<double> linear_gains(const LinearSchedule& schedule);

/// A bound on |error of x_T| where each of the T + 1 steps adds an error of at most `error_per_step` in L2.
double linear_error_bound(const LinearSchedule& schedule, double error_per_step);

/// A bound on |x_t| for every t and targets of mean square at most 1, for the headroom of the ciphertexts.
double linear_weight_bound(const LinearSchedule& schedule);

}  // namespace cloister::ml
