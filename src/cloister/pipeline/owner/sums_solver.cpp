#include "cloister/pipeline/owner/sums_solver.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cloister/base/error.h"
#include "cloister/ml/clear_linear.h"
#include "cloister/pipeline/owner/sum_moments.h"

namespace cloister::pipeline {
namespace {

double norm_one(std::span<const double> v) {
  double sum = 0;
  for (const double x : v) sum += std::abs(x);
  return sum;
}

}  // namespace

SumsSolution solve_sums(const paillier::DecryptedSums& sums, double ridge, double max_error) {
  const std::size_t d = sums.plan.columns - 1, target = d + 1;
  const SumMoments moments(sums);
  std::vector<long double> a(d * d), b(d);
  for (std::size_t i = 0; i < d; ++i) {
    for (std::size_t j = 0; j < d; ++j) a[i * d + j] = moments.covariance(i + 1, j + 1);
    b[i] = moments.covariance(i + 1, target);
  }
  const ml::NormalSolution solution = ml::solve_normal_equations(a, b, ridge);

  SumsSolution out;
  out.weights = solution.weights;
  long double intercept = moments.mean(target), explained = 0, means = 0, squares = 0;
  for (std::size_t i = 0; i < d; ++i) {
    const long double w = out.weights[i], mean = moments.mean(i + 1);
    intercept -= w * mean;
    means += mean * mean;
    squares += w * w;
    long double row = 0;
    for (std::size_t j = 0; j < d; ++j) row += a[i * d + j] * out.weights[j];
    explained += w * (2 * b[i] - row);
  }
  out.intercept = static_cast<double>(intercept);
  const long double spread = moments.covariance(target, target),
                    residual = std::max(spread - explained, 0.0L);
  out.r2 = spread > 0 ? static_cast<double>(1 - residual / spread) : 0;

  double trace = 0, least = std::numeric_limits<double>::infinity(), most = 0;
  for (std::size_t i = 0; i < d; ++i) {
    const auto diagonal = static_cast<double>(a[i * d + i]);
    trace += diagonal;
    least = std::min(least, diagonal + ridge);
    most = std::max(most, diagonal + ridge);
  }
  const double u = std::exp2(-sums.plan.format.fraction_bits - 1),
               moved = u * std::sqrt(static_cast<double>(d));
  const double terms = 1 + norm_one(out.weights);
  const double gradient =
      moved * std::sqrt(static_cast<double>(residual)) + (std::sqrt(trace) + moved) * u * terms;
  const double singular = std::sqrt(least / solution.condition) - moved;
  // What the solution itself lost to rounding, in the norm that the diagonal scales.
  const double solving =
      (solution.relative_error * std::sqrt(most / least) + std::numeric_limits<double>::epsilon()) *
      std::sqrt(static_cast<double>(squares));
  const double weights_error = gradient / (singular * singular) + solving;
  const double intercept_error = weights_error * std::sqrt(static_cast<double>(means)) + u * terms +
                                 std::abs(out.intercept) * std::numeric_limits<double>::epsilon();
  out.error_bound = std::max(weights_error, intercept_error);
  if (!(singular > 0) || !(out.error_bound <= max_error))
    throw PrecisionError(
        "the columns are so close to linear dependence that the weights' error could exceed the "
        "plan's largest, " +
        std::to_string(max_error) + "; drop a column, plan with a ridge, or allow a larger error");
  return out;
}

}  // namespace cloister::pipeline
