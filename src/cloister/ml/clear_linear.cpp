#include "cloister/ml/clear_linear.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "cloister/base/error.h"
#include "cloister/ml/clear_dense.h"
#include "cloister/ml/clear_spectrum.h"

namespace cloister::ml {
namespace {

void check_shapes(const data::Matrix& features, std::span<const double> targets) {
  if (features.rows == 0 || features.columns == 0) throw ParametersError("linear fit: the table is empty");
  if (targets.size() != features.rows)
    throw ParametersError("linear fit: " + std::to_string(targets.size()) + " targets for " +
                          std::to_string(features.rows) + " rows; give one target a row");
  require_finite(features.values, "linear fit");
  require_finite(targets, "linear fit");
}

/// Reflects column k of `m` below row k onto the diagonal, and every later column and `y` likewise.
/// Returns the diagonal entry of R.
double reflect(data::Matrix& m, std::vector<double>& y, std::size_t k) {
  double norm = 0;
  for (std::size_t i = k; i < m.rows; ++i) norm = std::hypot(norm, m(i, k));
  if (norm == 0) return 0;
  const double diagonal = m(k, k) > 0 ? -norm : norm;
  const double scale = 1 / (norm * (norm + std::abs(m(k, k))));  // 2 / |v|^2 for v = column - diagonal e_k
  m(k, k) -= diagonal;
  const auto apply = [&](auto&& at) {
    double sum = 0;
    for (std::size_t i = k; i < m.rows; ++i) sum += m(i, k) * at(i);
    for (std::size_t i = k; i < m.rows; ++i) at(i) -= sum * scale * m(i, k);
  };
  for (std::size_t j = k + 1; j < m.columns; ++j) apply([&](std::size_t i) -> double& { return m(i, j); });
  apply([&](std::size_t i) -> double& { return y[i]; });
  return diagonal;
}

/// 1-norm of a symmetric [n][n] matrix.
long double norm_one(std::span<const long double> a, std::size_t n) {
  long double largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    long double sum = 0;
    for (std::size_t j = 0; j < n; ++j) sum += std::abs(a[i * n + j]);
    largest = std::max(largest, sum);
  }
  return largest;
}

[[noreturn]] void throw_dependent() {
  throw PrecisionError(
      "normal equations: the columns are linearly dependent, or so nearly that the answer would not be "
      "accurate; drop one of them or add a ridge");
}

}  // namespace

std::vector<double> solve_least_squares(const data::Matrix& features, std::span<const double> targets) {
  check_shapes(features, targets);
  if (features.rows < features.columns)
    throw ParametersError("linear fit: fewer rows than features; add rows, drop columns or use a ridge");
  const std::size_t d = features.columns;
  data::Matrix m = features;
  std::vector<double> y(targets.begin(), targets.end()), diagonal(d), w(d);
  for (std::size_t k = 0; k < d; ++k) {
    double before = 0;
    for (std::size_t i = 0; i < m.rows; ++i) before = std::hypot(before, features(i, k));
    diagonal[k] = reflect(m, y, k);
    const double noise = static_cast<double>(m.rows) * std::numeric_limits<double>::epsilon();
    if (std::abs(diagonal[k]) <= noise * before)
      throw ParametersError("linear fit: column " + std::to_string(k) +
                            " depends linearly on those before it; drop it or use a ridge");
  }
  for (std::size_t k = d; k-- > 0;) {
    double sum = y[k];
    for (std::size_t j = k + 1; j < d; ++j) sum -= m(k, j) * w[j];
    w[k] = sum / diagonal[k];
  }
  return w;
}

NormalEquations normal_equations(const data::Matrix& features, std::span<const double> targets,
                                 double ridge) {
  check_shapes(features, targets);
  if (!(ridge >= 0)) throw ParametersError("linear fit: the ridge must not be negative");
  NormalEquations equations{second_moments(features), multiply_transposed(features, targets)};
  for (std::size_t j = 0; j < features.columns; ++j) {
    equations.a(j, j) += ridge;
    equations.b[j] /= static_cast<double>(features.rows);
  }
  return equations;
}

std::vector<std::vector<double>> chebyshev_iterates(const NormalEquations& equations,
                                                    const LinearSchedule& schedule) {
  const std::size_t d = schedule.features;
  if (equations.a.rows != d || equations.a.columns != d || equations.b.size() != d)
    throw MismatchError("linear training: the normal equations do not fit the schedule",
                        std::to_string(equations.b.size()) + " unknowns", std::to_string(d) + " features");
  std::vector<double> previous(d, 0.0), x = equations.b;
  for (double& value : x) value *= schedule.start;
  std::vector<std::vector<double>> iterates{x};
  for (std::size_t k = 0; k < schedule.step.size(); ++k) {
    const std::vector<double> product = multiply(equations.a, x);
    for (std::size_t j = 0; j < d; ++j) {
      const double next = x[j] + schedule.step[k] * (equations.b[j] - product[j]) +
                          schedule.momentum[k] * (x[j] - previous[j]);
      previous[j] = x[j];
      x[j] = next;
    }
    iterates.push_back(x);
  }
  return iterates;
}

NormalSolution solve_normal_equations(std::span<const long double> a, std::span<const long double> b,
                                      double ridge, double max_relative_error) {
  const std::size_t n = b.size();
  if (n == 0 || a.size() != n * n)
    throw ParametersError("normal equations: " + std::to_string(a.size()) + " matrix entries for " +
                          std::to_string(n) + " unknowns; give the square of their number");
  if (!(ridge >= 0)) throw ParametersError("normal equations: the ridge must not be negative");
  const auto finite = [](long double value) { return std::isfinite(value); };
  if (!std::all_of(a.begin(), a.end(), finite) || !std::all_of(b.begin(), b.end(), finite))
    throw ParametersError("normal equations: a sum is infinite or not a number");
  std::vector<long double> scale(n), scaled(n * n), right(n);
  for (std::size_t i = 0; i < n; ++i) {
    const long double diagonal = a[i * n + i] + ridge;
    if (!(diagonal > 0)) throw_dependent();
    scale[i] = 1 / std::sqrt(diagonal);
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) scaled[i * n + j] = i == j ? 1 : a[i * n + j] * scale[i] * scale[j];
    right[i] = b[i] * scale[i];
  }
  const std::optional<Cholesky> factor = Cholesky::factor(scaled, n);
  if (!factor) throw_dependent();

  std::vector<long double> inverse(n * n), unit(n, 0.0L);
  for (std::size_t i = 0; i < n; ++i) {
    unit[i] = 1;
    std::ranges::copy(factor->solve(unit), &inverse[i * n]);
    unit[i] = 0;
  }
  NormalSolution solution;
  const long double condition = norm_one(scaled, n) * norm_one(inverse, n);
  solution.condition = static_cast<double>(condition);
  // Cholesky's backward error is at most about (3n + 1) eps of the matrix (Higham 2002, theorem 10.4).
  solution.relative_error =
      static_cast<double>(condition * static_cast<long double>(3 * n + 1) * static_cast<long double>(n) *
                          std::numeric_limits<long double>::epsilon());
  if (!(solution.relative_error <= max_relative_error)) throw_dependent();
  const std::vector<long double> x = factor->solve(right);
  for (std::size_t i = 0; i < n; ++i) solution.weights.push_back(static_cast<double>(x[i] * scale[i]));
  return solution;
}

}  // namespace cloister::ml
