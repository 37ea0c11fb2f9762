#include "cloister/ml/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "cloister/base/error.h"
#include "cloister/ml/clear_linear.h"
#include "cloister/ml/clear_logistic.h"
#include "cloister/ml/clear_spectrum.h"
#include "cloister/ml/internal/amplification.h"

namespace cloister::ml {
namespace {

double sum(const std::vector<double>& values) {
  double total = 0;
  for (const double value : values) total += value;
  return total;
}

double norm(const std::vector<double>& values) {
  double total = 0;
  for (const double value : values) total += value * value;
  return std::sqrt(total);
}

/// Nesterov's momentum with the spectrum [least, 1] in every step.
std::vector<AmplifyingStep> nesterov_steps(int n, double least) {
  std::vector<AmplifyingStep> steps;
  steps.reserve(static_cast<std::size_t>(n));
  for (int j = 0; j < n; ++j) steps.push_back({.momentum = j / (j + 3.0), .least = least, .most = 1});
  return steps;
}

/// The worst of all sequences of scalar maps at either end of the spectrum: a lower bound on any true gain.
double worst_scalar_sequence(const std::vector<AmplifyingStep>& steps, std::size_t first) {
  const std::size_t n = steps.size() - first;
  double worst = 0;
  for (std::size_t choice = 0; choice < (std::size_t{1} << n); ++choice) {
    double error = 1, previous = 0;
    for (std::size_t k = 0; k < n; ++k) {
      const AmplifyingStep& step = steps[first + k];
      const double map = (choice >> k & 1) != 0 ? step.least : step.most;
      const double next = map * ((1 + step.momentum) * error - step.momentum * previous);
      previous = error;
      error = next;
    }
    worst = std::max(worst, std::abs(error));
  }
  return worst;
}

TEST(Amplification, LiesCloselyAboveTheWorstScalarSequence) {
  for (const double least : {0.0, -1.0 / 3}) {
    const std::vector<AmplifyingStep> steps = nesterov_steps(9, least);
    const std::vector<double> gains = amplification_gains(steps);
    ASSERT_EQ(gains.size(), 10u);
    for (std::size_t s = 0; s < gains.size(); ++s) {
      const double worst = worst_scalar_sequence(steps, s);
      EXPECT_GE(gains[s], worst) << s;
      EXPECT_LE(gains[s], worst * 1.5) << s;
    }
  }
}

TEST(Amplification, CoversRandomSequencesOfMatrices) {
  // Two-dimensional maps with eigenvalues at the ends of the spectrum and a random axis in each step.
  const std::vector<AmplifyingStep> steps = nesterov_steps(6, -1.0 / 3);
  const double gain = amplification_gains(steps).front();
  std::mt19937_64 engine(5);
  std::uniform_real_distribution<double> angle(0, 3.14159265);
  double worst = 0;
  for (int trial = 0; trial < 200000; ++trial) {
    double e[2] = {1, 0}, previous[2] = {0, 0};
    for (const AmplifyingStep& step : steps) {
      const double a = angle(engine), c = std::cos(a), s = std::sin(a);
      const double ux = (1 + step.momentum) * e[0] - step.momentum * previous[0];
      const double uy = (1 + step.momentum) * e[1] - step.momentum * previous[1];
      const double along = step.most * (c * ux + s * uy), across = step.least * (c * uy - s * ux);
      previous[0] = e[0];
      previous[1] = e[1];
      e[0] = c * along - s * across;
      e[1] = s * along + c * across;
    }
    worst = std::max(worst, std::hypot(e[0], e[1]));
  }
  EXPECT_LE(worst, gain);
  EXPECT_GT(worst, gain / 3);
}

TEST(Amplification, WithoutMomentumAContractionNeverAmplifies) {
  const std::vector<AmplifyingStep> steps(20, {.momentum = 0, .least = -0.9, .most = 0.9});
  const std::vector<double> gains = amplification_gains(steps);
  EXPECT_EQ(gains.back(), 1);
  for (const double gain : gains) EXPECT_LE(gain, 1 + 1e-8);
  EXPECT_NEAR(gains.front(), std::pow(0.9, 20), 1e-3);
}

TEST(PlanLogistic, StepsStayWithinTheStabilityLimit) {
  for (const std::size_t d : {1u, 5u, 16u, 100u}) {
    const LogisticSchedule schedule = plan_logistic({.features = d, .iterations = 12, .ridge = 0.1});
    const double curvature = schedule.sigmoid.max_slope * schedule.spectrum_cap + 0.1;
    EXPECT_EQ(schedule.iterations(), 12);
    EXPECT_LE(schedule.step[0] * curvature, 2 + 1e-12);
    EXPECT_EQ(schedule.momentum.front(), 0);
    EXPECT_EQ(schedule.momentum.back(), 0);
    for (std::size_t t = 1; t < 12; ++t) {
      const double m = schedule.momentum[t - 1];
      EXPECT_LT(schedule.step[t] * curvature, 2 * (1 + m) / (1 + 2 * m));
    }
  }
  EXPECT_EQ(plan_logistic({.features = 16, .iterations = 7}).spectrum_cap, 8);
  EXPECT_EQ(plan_logistic({.features = 16, .iterations = 7, .spectrum_cap = 4}).spectrum_cap, 4);
  EXPECT_EQ(plan_logistic({.features = 16, .iterations = 7, .degree = 3}).sigmoid.range, 10);
}

TEST(PlanLogistic, RefusesWhatIsOutsideItsDomain) {
  EXPECT_THROW(plan_logistic({.features = 0, .iterations = 5}), ParametersError);
  EXPECT_THROW(plan_logistic({.features = 5, .iterations = 0}), ParametersError);
  EXPECT_THROW(plan_logistic({.features = 5, .iterations = 101}), ParametersError);
  EXPECT_THROW(plan_logistic({.features = 5, .iterations = 5, .degree = 4}), ParametersError);
  EXPECT_THROW(plan_logistic({.features = 5, .iterations = 5, .ridge = -1}), ParametersError);
  EXPECT_THROW(plan_logistic({.features = 5, .iterations = 5, .ridge = NAN}), ParametersError);
  EXPECT_THROW(plan_logistic({.features = 5, .iterations = 5, .spectrum_cap = 0}), ParametersError);
}

/// Rows within the default cap, and margins that reach a good part of the polynomial's range.
data::Matrix sample_rows(std::size_t n, std::size_t d, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  data::Matrix x(n, d - 1);
  std::vector<double> y(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (double& value : x.row(i)) value = normal(engine);
    y[i] = x(i, 0) + x(i, 1) + 0.2 * normal(engine) > 0 ? 1 : 0;
  }
  return signed_rows(x, y);
}

TEST(LogisticBounds, CoverDisturbedRuns) {
  const data::Matrix rows = sample_rows(400, 8, 6);
  const LogisticSchedule schedule = plan_logistic({.features = 8, .iterations = 7, .ridge = 0.01});
  require_spectrum_cap(rows, schedule.spectrum_cap);
  const LogisticTrace clean = train_logistic(rows, schedule);
  const double limit = clean.largest_margin * 1.01;
  ASSERT_LT(limit, schedule.sigmoid.range);

  std::mt19937_64 engine(7);
  std::normal_distribution<double> normal;
  const double delta = 1e-4;
  double worst = 0;
  for (int trial = 0; trial < 50; ++trial) {
    std::vector<double> w(8, 0.0), v(8, 0.0);
    for (std::size_t t = 0; t < 7; ++t) {
      std::vector<double> error(8), next(8);
      for (double& value : error) value = normal(engine);
      const double scale = delta / norm(error);
      for (std::size_t j = 0; j < 8; ++j) {
        double g = 0;
        for (std::size_t i = 0; i < rows.rows; ++i) {
          double z = 0;
          for (std::size_t k = 0; k < 8; ++k) z += rows(i, k) * v[k];
          g += (0.5 - schedule.sigmoid(z)) * rows(i, j);
        }
        next[j] = v[j] + schedule.step[t] * (g / 400 - schedule.ridge * v[j]) + scale * error[j];
      }
      for (std::size_t j = 0; j < 8; ++j) {
        v[j] = (1 + schedule.momentum[t]) * next[j] - schedule.momentum[t] * w[j];
        w[j] = next[j];
      }
    }
    for (std::size_t j = 0; j < 8; ++j) w[j] -= clean.weights.back()[j];
    worst = std::max(worst, norm(w));
  }
  EXPECT_LE(worst, logistic_error_bound(schedule, delta, limit));
  EXPECT_GT(worst, delta / 2);
  for (const std::vector<double>& w : clean.weights) EXPECT_LE(norm(w), logistic_weight_bound(schedule));
}

TEST(LogisticBounds, AreThoseOfTheDerivation) {
  // Margins where q rises: the spectrum of a step is [1 - 4/3, 1], so seven iterations amplify to below 14;
  // the triangle inequality alone would give 52.
  const LogisticSchedule schedule = plan_logistic({.features = 16, .iterations = 7});
  const double limit = monotone_range(schedule.sigmoid);
  EXPECT_LT(logistic_error_bound(schedule, 1, limit), 14);
  EXPECT_LT(logistic_error_bound(schedule, 1, default_margin_limit(schedule)), 18);
  EXPECT_GE(logistic_error_bound(schedule, 1, limit), 7);
  EXPECT_GT(logistic_error_bound(schedule, 1, schedule.sigmoid.range),
            logistic_error_bound(schedule, 1, limit));
  EXPECT_EQ(logistic_gains(schedule, limit).size(), 7u);
}

TEST(PlanLinear, ScheduleIsTheChebyshevPolynomial) {
  const LinearSchedule schedule =
      plan_linear({.features = 4, .iterations = 5, .ridge = 0.1, .upper = 2, .lower = 0.3});
  data::Matrix a(1, 1);
  for (int i = 1; i < 22; ++i) {
    const double eigenvalue = 0.1 * i;
    a(0, 0) = eigenvalue;
    const double x = (schedule.upper + schedule.lower - 2 * eigenvalue) / (schedule.upper - schedule.lower);
    const double t = std::abs(x) <= 1 ? std::cos(6 * std::acos(x)) : std::cosh(6 * std::acosh(std::abs(x)));
    LinearSchedule one = schedule;
    one.features = 1;
    const auto iterates = chebyshev_iterates({a, {eigenvalue}}, one);
    EXPECT_NEAR(1 - iterates.back()[0], t * schedule.residual_factor(), 1e-12);
  }
}

TEST(PlanLinear, DefaultsAndRefusals) {
  const LinearSchedule schedule = plan_linear({.features = 4, .iterations = 3});
  EXPECT_EQ(schedule.upper, 2);
  EXPECT_EQ(schedule.lower, 0.5);
  EXPECT_EQ(plan_linear({.features = 15, .iterations = 0}).upper, 7.5);
  EXPECT_THROW(plan_linear({.features = 0, .iterations = 5}), ParametersError);
  EXPECT_THROW(plan_linear({.features = 4, .iterations = -1}), ParametersError);
  EXPECT_THROW(plan_linear({.features = 4, .iterations = 5, .ridge = -0.1}), ParametersError);
  EXPECT_THROW(plan_linear({.features = 4, .iterations = 5, .upper = 1, .lower = 1}), ParametersError);
  EXPECT_THROW(plan_linear({.features = 4, .iterations = 5, .upper = 1, .lower = 0}), ParametersError);
}

TEST(LinearBounds, CoverDisturbedRuns) {
  const LinearSchedule schedule = plan_linear({.features = 1, .iterations = 6, .upper = 2, .lower = 0.25});
  const std::vector<double> gains = linear_gains(schedule);
  ASSERT_EQ(gains.size(), 7u);
  EXPECT_NEAR(gains.back(), 1, 1e-12);
  std::mt19937_64 engine(8);
  std::uniform_real_distribution<double> uniform(-1, 1);
  double worst = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    const double eigenvalue = 1 + uniform(engine);
    double error = uniform(engine) < 0 ? -1 : 1, previous = 0;
    for (std::size_t k = 0; k < 6; ++k) {
      const double next = (1 - schedule.step[k] * eigenvalue) * error +
                          schedule.momentum[k] * (error - previous) + (uniform(engine) < 0 ? -1 : 1);
      previous = error;
      error = next;
    }
    worst = std::max(worst, std::abs(error));
  }
  const double bound = linear_error_bound(schedule, 1);
  EXPECT_EQ(bound, sum(gains));
  EXPECT_LE(worst, bound);
  EXPECT_GT(worst, bound / 4);
}

TEST(LinearBounds, WeightBoundCoversEveryIterate) {
  const LinearSchedule schedule = plan_linear({.features = 1, .iterations = 8, .upper = 2, .lower = 0.25});
  const double bound = linear_weight_bound(schedule);
  data::Matrix a(1, 1);
  for (int i = 1; i <= 200; ++i) {
    const double eigenvalue = 0.01 * i;
    a(0, 0) = eigenvalue;
    for (const auto& x : chebyshev_iterates({a, {std::sqrt(eigenvalue)}}, schedule))
      EXPECT_LE(std::abs(x[0]), bound);
  }
}

}  // namespace
}  // namespace cloister::ml
