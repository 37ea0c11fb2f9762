#include "cloister/ml/clear_newton.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "cloister/base/error.h"
#include "cloister/ml/clear_dense.h"
#include "cloister/ml/clear_linear.h"
#include "cloister/ml/clear_spectrum.h"

namespace cloister::ml {
namespace {

double norm(const std::vector<double>& a) { return std::sqrt(dot(a, a)); }

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> difference(a.size());
  for (std::size_t j = 0; j < a.size(); ++j) difference[j] = a[j] - b[j];
  return norm(difference);
}

/// Labels of a logistic model over standardized columns of which each shares `shared` of its variance with
/// the one before: the closer to 1, the worse the condition.
data::Matrix sample_rows(std::size_t n, std::size_t d, double shared, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  data::Matrix x(n, d - 1);
  std::vector<double> y(n);
  for (std::size_t i = 0; i < n; ++i) {
    double last = normal(engine), z = -0.5;
    for (std::size_t j = 0; j + 1 < d; ++j) {
      last = std::sqrt(shared) * last + std::sqrt(1 - shared) * normal(engine);
      x(i, j) = last;
      z += (j % 2 == 0 ? 0.6 : -0.3) * last;
    }
    y[i] = uniform(engine) < sigmoid(z) ? 1 : 0;
  }
  return signed_rows(x, y);
}

TEST(TrainNewton, IsThePreconditionedGradient) {
  // Against c w' = c w + step Q(A) g with Q(A) g from the reference of the linear training.
  const data::Matrix rows = sample_rows(300, 5, 0.5, 1);
  const NewtonSchedule schedule = plan_newton({.features = 5,
                                               .iterations = 4,
                                               .products = 3,
                                               .ridge = 0.07,
                                               .spectrum_cap = suggested_spectrum_cap(rows)});
  const LogisticTrace trace = train_newton(rows, schedule);
  data::Matrix a = second_moments(rows);
  for (std::size_t j = 0; j < 5; ++j) a(j, j) += schedule.solve.ridge;
  std::vector<double> w(5, 0.0);
  for (const std::vector<double>& got : trace.weights) {
    std::vector<double> residual = multiply(rows, w);
    for (double& z : residual) z = 0.5 - schedule.sigmoid(z);
    std::vector<double> g = multiply_transposed(rows, residual);
    for (std::size_t j = 0; j < 5; ++j) g[j] = g[j] / 300 - 0.07 * w[j];
    const std::vector<double> p = chebyshev_iterates({a, g}, schedule.solve).back();
    for (std::size_t j = 0; j < 5; ++j) w[j] += schedule.step / schedule.curvature * p[j];
    EXPECT_LT(distance(got, w), 1e-13);
  }
}

TEST(TrainNewton, ConvergesToTheFitWhereNesterovIsFarFromIt) {
  const data::Matrix rows = sample_rows(3000, 9, 0.98, 2);
  const std::vector<double> spectrum = symmetric_eigenvalues(second_moments(rows));
  ASSERT_GT(spectrum.back() / spectrum.front(), 300);
  const double cap = suggested_spectrum_cap(rows);
  const LogisticFit fit = fit_logistic(rows);
  ASSERT_TRUE(fit.converged);
  const auto gap = [&](const LogisticTrace& trace) { return distance(trace.weights.back(), fit.weights); };
  const double newton = gap(
      train_newton(rows, plan_newton({.features = 9, .iterations = 40, .products = 12, .spectrum_cap = cap}),
                   SigmoidKind::kExact));
  const double nesterov = gap(train_logistic(
      rows, plan_logistic({.features = 9, .iterations = 40, .spectrum_cap = cap}), SigmoidKind::kExact));
  EXPECT_LT(newton, 0.1 * nesterov);
  EXPECT_LT(gap(train_newton(
                rows, plan_newton({.features = 9, .iterations = 1000, .products = 12, .spectrum_cap = cap}),
                SigmoidKind::kExact)),
            1e-6);
}

TEST(TrainNewton, ReachesWhatItsIterationsProve) {
  const data::Matrix rows = sample_rows(2000, 6, 0.3, 3);
  const double cap = suggested_spectrum_cap(rows), floor = 0.15;
  require_spectrum_floor(rows, floor);
  NewtonSpec spec{.features = 6, .ridge = 0.02, .spectrum_cap = cap};
  // Where margins of the path and of the fit lie is known only afterwards.
  spec.iterations = kMaxIterations;
  const LogisticTrace long_run = train_newton(rows, plan_newton(spec));
  const std::vector<double> fit = long_run.weights.back();
  const double limit = long_run.largest_margin * 1.001;
  ASSERT_LT(limit, 0.9 * steady_range(7));
  for (const double tolerance : {0.2, 1e-2, 1e-4}) {
    spec.iterations = newton_iterations_for(spec, limit, floor, tolerance);
    ASSERT_LT(spec.iterations, kMaxIterations / 2);
    const LogisticTrace trace = train_newton(rows, plan_newton(spec));
    EXPECT_LE(distance(trace.weights.back(), fit), tolerance * norm(fit));
  }
}

TEST(TrainNewton, BoundsCoverDisturbedRuns) {
  const data::Matrix rows = sample_rows(500, 7, 0.8, 4);
  for (const double ridge : {0.0, 0.05}) {
    const NewtonSchedule schedule = plan_newton(
        {.features = 7, .iterations = 12, .ridge = ridge, .spectrum_cap = suggested_spectrum_cap(rows)});
    const LogisticTrace clean = train_newton(rows, schedule);
    const double limit = clean.largest_margin * 1.01;
    ASSERT_LT(limit, schedule.sigmoid.range);
    const NewtonBounds bounds = newton_bounds(schedule);
    for (const std::vector<double>& w : clean.weights) EXPECT_LE(norm(w), bounds.weights);

    const data::Matrix moments = second_moments(rows);
    const double gain = schedule.solve.start * schedule.step / schedule.curvature;
    std::mt19937_64 engine(5);
    std::normal_distribution<double> normal;
    const NewtonErrors errors{.gradient = 1e-4, .product = 2e-5, .update = 3e-5};
    const auto disturb = [&](std::vector<double>& value, double size) {
      std::vector<double> error(value.size());
      for (double& e : error) e = normal(engine);
      const double scale = size / norm(error);
      for (std::size_t j = 0; j < value.size(); ++j) value[j] += scale * error[j];
    };
    double worst = 0;
    for (int trial = 0; trial < 50; ++trial) {
      std::vector<double> w(7, 0.0);
      for (int t = 0; t < 12; ++t) {
        std::vector<double> residual = multiply(rows, w);
        for (double& z : residual) z = 0.5 - schedule.sigmoid(z);
        std::vector<double> h = multiply_transposed(rows, residual);
        for (std::size_t j = 0; j < 7; ++j) h[j] = gain * (h[j] / 500 - ridge * w[j]);
        disturb(h, errors.gradient);
        std::vector<double> p = h, previous(7, 0.0);
        for (std::size_t k = 0; k < schedule.solve.step.size(); ++k) {
          const double a = schedule.solve.step[k], m = schedule.solve.momentum[k];
          const std::vector<double> product = multiply(moments, p);
          std::vector<double> next(7);
          for (std::size_t j = 0; j < 7; ++j)
            next[j] = (1 + m - a * schedule.solve.ridge) * p[j] - m * previous[j] +
                      a / schedule.solve.start * h[j] - a * product[j];
          disturb(next, errors.product);
          previous = p;
          p = next;
          EXPECT_LE(norm(p), bounds.direction);
        }
        for (std::size_t j = 0; j < 7; ++j) w[j] += p[j];
        disturb(w, errors.update);
      }
      worst = std::max(worst, distance(w, clean.weights.back()));
    }
    EXPECT_LE(worst, newton_error_bound(schedule, errors, limit));
    EXPECT_GT(worst, errors.gradient);  // what the last gradient alone may bring, at least
  }
}

TEST(TrainNewton, RefusesRowsOfAnotherShape) {
  const NewtonSchedule schedule = plan_newton({.features = 4, .iterations = 2});
  EXPECT_THROW(train_newton(data::Matrix(5, 3), schedule), MismatchError);
  EXPECT_THROW(train_newton(data::Matrix(0, 4), schedule), MismatchError);
}

}  // namespace
}  // namespace cloister::ml
