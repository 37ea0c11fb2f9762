#pragma once

#include <span>
#include <vector>

#include "cloister/data/matrix.h"
#include "cloister/ml/schedule.h"

namespace cloister::ml {

/// Ordinary least squares by Householder's QR, the yardstick. No intercept is added.
///
/// Shapes: features [n][d], n >= d; targets [n]; result [d].
/// Errors: ParametersError for fewer rows than features, lengths that differ, values that are not finite, or
/// columns that are linearly dependent to working precision.
std::vector<double> solve_least_squares(const data::Matrix& features, std::span<const double> targets);

/// A and b of A w = b.
struct NormalEquations {
  data::Matrix a;         ///< [d][d], symmetric: X^T X / n + ridge I
  std::vector<double> b;  ///< [d]: X^T y / n
};

NormalEquations normal_equations(const data::Matrix& features, std::span<const double> targets,
                                 double ridge = 0);

/// The reference that the encrypted Chebyshev iteration is compared with: x_0 .. x_T, [T + 1][d].
/// The ridge must already be in `equations.a`.
std::vector<std::vector<double>> chebyshev_iterates(const NormalEquations& equations,
                                                    const LinearSchedule& schedule);

struct NormalSolution {
  std::vector<double> weights;  ///< [d]
  /// Condition number, in the 1-norm, of the matrix after scaling its diagonal to ones.
  double condition = 0;
  /// Bound on the relative error that rounding in the solution may have caused.
  double relative_error = 0;
};

/// Solves (A + ridge I) w = b from sums, such as several owners' added X^T X and X^T y, in extended
/// precision.
///
/// Shapes: a [d][d] row-major and symmetric; b [d].
/// Errors: ParametersError for shapes or values that are not finite; PrecisionError where the matrix is not
/// positive definite or `relative_error` would exceed `max_relative_error`.
NormalSolution solve_normal_equations(std::span<const long double> a, std::span<const long double> b,
                                      double ridge = 0, double max_relative_error = 1e-9);

}  // namespace cloister::ml
