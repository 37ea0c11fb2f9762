#include "cloister/ml/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "cloister/base/error.h"
#include "cloister/ml/batches.h"
#include "cloister/ml/clear_linear.h"
#include "cloister/ml/clear_logistic.h"
#include "cloister/ml/clear_spectrum.h"

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

TEST(PlanLogistic, MomentumCapAndBatchesChangeOnlyWhatTheySay) {
  const LogisticSpec plain{.features = 8, .iterations = 30};
  const LogisticSchedule base = plan_logistic(plain);
  EXPECT_EQ(base.batches, 1u);
  EXPECT_EQ(base.batch, std::vector<std::uint32_t>(30, 0));
  LogisticSpec spec = plain;
  spec.momentum_cap = 0.5;
  const LogisticSchedule capped = plan_logistic(spec);
  EXPECT_EQ(capped.step, base.step);
  for (std::size_t t = 0; t < 30; ++t) EXPECT_EQ(capped.momentum[t], std::min(base.momentum[t], 0.5));
  spec.momentum_cap.reset();
  spec.batches = 4;
  const LogisticSchedule batches = plan_logistic(spec);
  for (std::size_t t = 0; t < 30; ++t) {
    EXPECT_LE(batches.momentum[t], kSteadyMomentum);
    EXPECT_NEAR(batches.step[t], base.step[t] * (t > 8 ? 8.0 / static_cast<double>(t) : 1), 1e-15);
  }
  EXPECT_EQ(batches.batch, batch_order(30, 4, 0));
}

TEST(PlanLogistic, SteadyRangeIsTheLargestWithoutAFallingSlope) {
  for (const int degree : {3, 5, 7}) {
    const auto rises = [&](double range) {
      return slope_bounds(fit_sigmoid(range, degree), 0.9 * range).min >= 0;
    };
    EXPECT_TRUE(rises(steady_range(degree))) << degree;
    EXPECT_FALSE(rises(steady_range(degree) + 0.25)) << degree;
  }
  EXPECT_EQ(steady_range(15), default_range(15));
}

TEST(PlanLogistic, AThousandIterationsHaveAUsefulBound) {
  const LogisticSchedule schedule = plan_logistic(
      {.features = 16, .iterations = 1000, .range = steady_range(7), .momentum_cap = kSteadyMomentum});
  EXPECT_LT(logistic_error_bound(schedule, 1, default_margin_limit(schedule)), 1270);
}

TEST(PlanLogistic, RefusesWhatIsOutsideItsDomain) {
  EXPECT_THROW(plan_logistic({.features = 0, .iterations = 5}), ParametersError);
  EXPECT_THROW(plan_logistic({.features = 5, .iterations = 0}), ParametersError);
  EXPECT_THROW(plan_logistic({.features = 5, .iterations = 1001}), ParametersError);
  EXPECT_THROW(plan_logistic({.features = 5, .iterations = 5, .degree = 4}), ParametersError);
  EXPECT_THROW(plan_logistic({.features = 5, .iterations = 5, .ridge = -1}), ParametersError);
  EXPECT_THROW(plan_logistic({.features = 5, .iterations = 5, .ridge = NAN}), ParametersError);
  EXPECT_THROW(plan_logistic({.features = 5, .iterations = 5, .spectrum_cap = 0}), ParametersError);
  EXPECT_THROW(plan_logistic({.features = 5, .iterations = 5, .batches = 0}), ParametersError);
  EXPECT_THROW(plan_logistic({.features = 5, .iterations = 5, .batches = kMaxBatches + 1}), ParametersError);
  EXPECT_THROW(plan_logistic({.features = 5, .iterations = 5, .momentum_cap = 1.01}), ParametersError);
  EXPECT_THROW(plan_logistic({.features = 5, .iterations = 5, .momentum_cap = NAN}), ParametersError);
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

TEST(LogisticBounds, CoverDisturbedMiniBatches) {
  const data::Matrix rows = sample_rows(1200, 6, 9);
  const LogisticSchedule schedule =
      plan_logistic({.features = 6, .iterations = 24, .ridge = 0.1, .batches = 6, .seed = 3});
  require_batch_spectrum_cap(rows, schedule.spectrum_cap, 10, 6);
  const LogisticTrace clean = train_logistic(rows, schedule, SigmoidKind::kPolynomial, 10);
  const double limit = clean.largest_margin * 1.01;
  ASSERT_LT(limit, schedule.sigmoid.range);
  std::mt19937_64 engine(10);
  std::normal_distribution<double> normal;
  const double delta = 1e-4;
  double worst = 0;
  for (int trial = 0; trial < 20; ++trial) {
    std::vector<double> w(6, 0.0), v(6, 0.0);
    for (std::size_t t = 0; t < 24; ++t) {
      const RowRange range = batch_rows(1200, 10, 6, schedule.batch[t]);
      std::vector<double> error(6), g(6, 0.0);
      for (double& value : error) value = normal(engine);
      const double scale = delta / norm(error);
      for (std::size_t i = range.first; i < range.last; ++i) {
        double z = 0;
        for (std::size_t k = 0; k < 6; ++k) z += rows(i, k) * v[k];
        for (std::size_t k = 0; k < 6; ++k)
          g[k] += (0.5 - schedule.sigmoid(z)) * rows(i, k) / static_cast<double>(range.count());
      }
      for (std::size_t j = 0; j < 6; ++j) {
        const double next = v[j] + schedule.step[t] * (g[j] - 0.1 * v[j]) + scale * error[j];
        v[j] = (1 + schedule.momentum[t]) * next - schedule.momentum[t] * w[j];
        w[j] = next;
      }
    }
    for (std::size_t j = 0; j < 6; ++j) w[j] -= clean.weights.back()[j];
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

/// w_0 .. w_T of a schedule on a constant curvature, from a distance of 1.
std::vector<double> distances(const LogisticSchedule& schedule, double curvature) {
  double w = 1, v = 1;
  std::vector<double> out;
  for (std::size_t t = 0; t < schedule.step.size(); ++t) {
    const double next = v - schedule.step[t] * curvature * v;
    v = next + schedule.momentum[t] * (next - w);
    w = next;
    out.push_back(std::abs(w));
  }
  return out;
}

TEST(LogisticIterations, RemainingDistanceIsTheLargestOverTheSpectrum) {
  const LogisticSchedule schedule = plan_logistic({.features = 6, .iterations = 40, .ridge = 0.05});
  const double most = schedule.sigmoid.max_slope * schedule.spectrum_cap + 0.05;
  const std::vector<double> remaining = logistic_remaining(schedule, 0.05);
  std::vector<double> seen(40, 0.0);
  for (int i = 0; i <= 5000; ++i) {
    const std::vector<double> at = distances(schedule, 0.05 + (most - 0.05) * i / 5000);
    for (std::size_t t = 0; t < 40; ++t) seen[t] = std::max(seen[t], at[t]);
  }
  for (std::size_t t = 0; t < 40; ++t) {
    EXPECT_GE(remaining[t], seen[t] * (1 - 1e-12)) << t;
    EXPECT_LE(remaining[t], seen[t] * 1.01) << t;
  }
}

TEST(LogisticIterations, AreTheFewestThatReachTheTolerance) {
  const LogisticSpec spec{.features = 6, .ridge = 0.02};
  int before = 0;
  for (const double tolerance : {0.3, 0.1, 0.01, 1e-3}) {
    LogisticSpec planned = spec;
    planned.iterations = logistic_iterations_for(spec, 0.02, tolerance);
    EXPECT_GT(planned.iterations, before);
    before = planned.iterations;
    const std::vector<double> remaining = logistic_remaining(plan_logistic(planned), 0.02);
    EXPECT_LE(remaining.back(), tolerance);
    for (std::size_t t = 0; t + 1 < remaining.size(); ++t) EXPECT_GT(remaining[t], tolerance);
  }
}

TEST(LogisticIterations, RefuseWhatCannotBeSaid) {
  const LogisticSpec spec{.features = 6};
  EXPECT_THROW(logistic_iterations_for(spec, 0, 0.1), ParametersError);  // no curvature, no rate
  EXPECT_THROW(logistic_iterations_for(spec, 100, 0.1), ParametersError);
  EXPECT_THROW(logistic_iterations_for(spec, 0.1, 1), ParametersError);
  EXPECT_THROW(logistic_iterations_for({.features = 6, .batches = 2}, 0.1, 0.1), ParametersError);
}

TEST(PlanLinear, FourthKindIsTheOptimalSmoother) {
  const LinearSchedule schedule =
      plan_linear({.features = 1, .iterations = 6, .upper = 2, .polynomial = LinearPolynomial::kFourthKind});
  data::Matrix a(1, 1);
  for (int i = 1; i <= 40; ++i) {
    const double eigenvalue = 0.05 * i, angle = std::acos(1 - eigenvalue);
    a(0, 0) = eigenvalue;
    const double w = std::sin(7.5 * angle) / std::sin(angle / 2);  // W_7
    EXPECT_NEAR(1 - chebyshev_iterates({a, {eigenvalue}}, schedule).back()[0], w / 15, 1e-13);
  }
  EXPECT_EQ(schedule.residual_factor(), 1);
  EXPECT_THROW(
      plan_linear(
          {.features = 1, .iterations = 6, .lower = 0.1, .polynomial = LinearPolynomial::kFourthKind}),
      ParametersError);
}

TEST(PlanLinear, FourthKindPromisesTheSmallestResidual) {
  for (const int products : {0, 4, 30, 1000}) {
    const LinearSchedule fourth = plan_linear(
        {.features = 4, .iterations = products, .upper = 3, .polynomial = LinearPolynomial::kFourthKind});
    const double bound = linear_residual_bound(fourth);
    EXPECT_GE(bound, std::sqrt(3.0) / (2 * products + 3) * (1 - 1e-9));
    EXPECT_LE(bound, std::sqrt(3.0) / (2 * products + 3) * 1.2);  // the grid's excess for the square
    if (products == 0) continue;
    for (const double lower : {0.5, 0.05, 0.005}) {
      const LinearSchedule first =
          plan_linear({.features = 4, .iterations = products, .upper = 3, .lower = lower});
      EXPECT_GE(linear_residual_bound(first), std::sqrt(3.0) / (2 * products + 3))
          << products << " " << lower;
    }
  }
}

TEST(LinearIterations, AreTheFewestForTheCondition) {
  for (const double condition : {1.5, 10.0, 1000.0, 20000.0})
    for (const double tolerance : {0.1, 0.01}) {
      const int products = linear_iterations_for(condition, tolerance);
      const auto factor = [&](int n) {
        return plan_linear({.features = 2, .iterations = n, .upper = condition, .lower = 1})
            .residual_factor();
      };
      EXPECT_LE(factor(products), tolerance * (1 + 1e-9)) << condition;
      if (products > 0) {
        EXPECT_GT(factor(products - 1), tolerance) << condition;
      }
      // The band for so many products reaches at least down to 1 / condition.
      EXPECT_LE(linear_band_for(products, tolerance), 1 / condition * (1 + 1e-9));
    }
  EXPECT_THROW(linear_iterations_for(1, 0.1), ParametersError);
  EXPECT_THROW(linear_iterations_for(10, 0), ParametersError);
  EXPECT_THROW(linear_iterations_for(1e8, 0.01), ParametersError);
  EXPECT_THROW(linear_band_for(-1, 0.1), ParametersError);
}

TEST(LinearIterations, RidgeSetsTheCondition) {
  const double ridge = ridge_for_condition(0.001, 3, 100);
  EXPECT_NEAR((3 + ridge) / (0.001 + ridge), 100, 1e-9);
  EXPECT_EQ(ridge_for_condition(0.5, 3, 100), 0);
  EXPECT_NEAR(ridge_for_condition(0, 2, 101), 0.02, 1e-15);
  EXPECT_THROW(ridge_for_condition(0, 2, 1), ParametersError);
  EXPECT_THROW(ridge_for_condition(2, 2, 10), ParametersError);
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
