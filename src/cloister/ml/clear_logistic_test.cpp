#include "cloister/ml/clear_logistic.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "cloister/base/error.h"
#include "cloister/ml/batches.h"
#include "cloister/ml/clear_dense.h"
#include "cloister/ml/clear_spectrum.h"

namespace cloister::ml {
namespace {

struct Sample {
  data::Matrix x;
  std::vector<double> y;
};

/// Rows drawn from a logistic model with the weights 0.5 * (-1)^j and the intercept -0.7.
Sample make_sample(std::size_t n, std::size_t d, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  Sample sample{data::Matrix(n, d), std::vector<double>(n)};
  for (std::size_t i = 0; i < n; ++i) {
    double z = -0.7;
    for (std::size_t j = 0; j < d; ++j) {
      sample.x(i, j) = normal(engine);
      z += (j % 2 == 0 ? 0.5 : -0.5) * sample.x(i, j);
    }
    sample.y[i] = uniform(engine) < sigmoid(z) ? 1 : 0;
  }
  return sample;
}

TEST(SignedRows, CarryTheInterceptAndTheLabelsSign) {
  data::Matrix x(2, 2);
  x.values = {3, -4, 5, 6};
  const data::Matrix rows = signed_rows(x, std::vector<double>{1, 0});
  EXPECT_EQ(rows.values, (std::vector<double>{1, 3, -4, -1, -5, -6}));
  EXPECT_THROW(signed_rows(x, std::vector<double>{1, -1}), ParametersError);
  EXPECT_THROW(signed_rows(x, std::vector<double>{1}), ParametersError);
  EXPECT_THROW(signed_rows(data::Matrix(0, 2), {}), ParametersError);
  x(0, 0) = INFINITY;
  EXPECT_THROW(signed_rows(x, std::vector<double>{1, 0}), ParametersError);
}

TEST(TrainLogistic, FirstIterationIsTheClosedForm) {
  const Sample s = make_sample(100, 3, 1);
  const data::Matrix rows = signed_rows(s.x, s.y);
  const LogisticSchedule schedule = plan_logistic({.features = 4, .iterations = 1});
  const LogisticTrace trace = train_logistic(rows, schedule);
  const std::vector<double> sum = multiply_transposed(rows, std::vector<double>(100, 0.5));
  ASSERT_EQ(trace.weights.size(), 1u);
  for (std::size_t j = 0; j < 4; ++j)
    EXPECT_NEAR(trace.weights[0][j], schedule.step[0] * sum[j] / 100, 1e-15 * 100);
  EXPECT_EQ(trace.largest_margin, 0);
}

TEST(TrainLogistic, ExactSigmoidConvergesToTheMaximumLikelihoodFit) {
  const Sample s = make_sample(2000, 5, 2);
  const data::Matrix rows = signed_rows(s.x, s.y);
  for (const double ridge : {0.0, 0.05}) {
    const LogisticFit fit = fit_logistic(rows, ridge);
    ASSERT_TRUE(fit.converged);
    const LogisticSchedule schedule = plan_logistic({.features = 6, .iterations = 100, .ridge = ridge});
    const LogisticTrace trace = train_logistic(rows, schedule, SigmoidKind::kExact);
    for (std::size_t j = 0; j < 6; ++j) EXPECT_NEAR(trace.weights.back()[j], fit.weights[j], 1e-6);
  }
}

TEST(TrainLogistic, PolynomialStaysNearTheSigmoidAndItsMarginsInRange) {
  const Sample s = make_sample(1500, 6, 3);
  const data::Matrix rows = signed_rows(s.x, s.y);
  for (const int degree : {3, 7}) {
    const LogisticSchedule schedule = plan_logistic({.features = 7, .iterations = 8, .degree = degree});
    const LogisticTrace polynomial = train_logistic(rows, schedule);
    const LogisticTrace exact = train_logistic(rows, schedule, SigmoidKind::kExact);
    EXPECT_LT(polynomial.largest_margin, schedule.sigmoid.range);
    // A constant error e of the sigmoid moves the gradient by at most e sqrt(cap), and w like an added error.
    const double moved = logistic_error_bound(
        schedule, schedule.sigmoid.max_error * schedule.step[1] * std::sqrt(schedule.spectrum_cap),
        schedule.sigmoid.range);
    double squared = 0;
    for (std::size_t j = 0; j < 7; ++j)
      squared += std::pow(polynomial.weights.back()[j] - exact.weights.back()[j], 2);
    EXPECT_LT(std::sqrt(squared), moved);
  }
}

TEST(TrainLogistic, OneBatchDoesNotDependOnTheBlocks) {
  const Sample s = make_sample(203, 4, 5);
  const data::Matrix rows = signed_rows(s.x, s.y);
  const LogisticSchedule schedule = plan_logistic({.features = 5, .iterations = 6, .seed = 9});
  const LogisticTrace whole = train_logistic(rows, schedule);
  EXPECT_EQ(train_logistic(rows, schedule, SigmoidKind::kPolynomial, 50).weights, whole.weights);
}

TEST(TrainLogistic, AMiniBatchIsAStepOnItsRowsAlone) {
  const Sample s = make_sample(120, 3, 6);
  const data::Matrix rows = signed_rows(s.x, s.y);
  const LogisticSchedule schedule = plan_logistic({.features = 4, .iterations = 1, .batches = 4, .seed = 2});
  const LogisticTrace trace = train_logistic(rows, schedule, SigmoidKind::kPolynomial, 8);
  const RowRange range = batch_rows(120, 8, 4, schedule.batch[0]);
  for (std::size_t j = 0; j < 4; ++j) {
    double sum = 0;
    for (std::size_t i = range.first; i < range.last; ++i) sum += 0.5 * rows(i, j);
    EXPECT_NEAR(trace.weights[0][j], schedule.step[0] * sum / static_cast<double>(range.count()), 1e-14);
  }
  EXPECT_THROW(train_logistic(rows, schedule, SigmoidKind::kPolynomial, 60), ParametersError);
}

TEST(TrainLogistic, MiniBatchesComeToRestNearTheFit) {
  const Sample s = make_sample(4000, 4, 7);
  const data::Matrix rows = signed_rows(s.x, s.y);
  const LogisticFit fit = fit_logistic(rows);
  ASSERT_TRUE(fit.converged);
  // A batch of 500 rows has a gradient about sqrt(1/500) / 2 off in each direction; at rest on it alone,
  // weights would be off by that over the curvature, about 0.15. Falling steps average over batches.
  const double alone = 0.5 * std::sqrt(5 / 500.0) / 0.15;
  double before = HUGE_VAL;
  for (const int epochs : {4, 100}) {
    const LogisticSchedule schedule =
        plan_logistic({.features = 5, .iterations = 8 * epochs, .batches = 8, .seed = 1});
    require_batch_spectrum_cap(rows, schedule.spectrum_cap, 100, 8);
    const std::vector<double> w = train_logistic(rows, schedule, SigmoidKind::kExact, 100).weights.back();
    double squared = 0;
    for (std::size_t j = 0; j < 5; ++j) squared += std::pow(w[j] - fit.weights[j], 2);
    EXPECT_LT(std::sqrt(squared), before);
    before = std::sqrt(squared);
  }
  EXPECT_LT(before, alone / 10);
}

TEST(TrainLogistic, RefusesRowsOfAnotherShape) {
  const LogisticSchedule schedule = plan_logistic({.features = 4, .iterations = 2});
  EXPECT_THROW(train_logistic(data::Matrix(5, 3), schedule), MismatchError);
  EXPECT_THROW(train_logistic(data::Matrix(0, 4), schedule), MismatchError);
}

TEST(FitLogistic, GradientVanishesAtTheFit) {
  const Sample s = make_sample(800, 4, 4);
  const data::Matrix rows = signed_rows(s.x, s.y);
  const double ridge = 0.01;
  const LogisticFit fit = fit_logistic(rows, ridge);
  ASSERT_TRUE(fit.converged);
  EXPECT_LE(fit.iterations, 10);
  std::vector<double> residual = multiply(rows, fit.weights);
  for (double& z : residual) z = sigmoid(-z);
  const std::vector<double> sum = multiply_transposed(rows, residual);
  for (std::size_t j = 0; j < 5; ++j) EXPECT_NEAR(sum[j] / 800, ridge * fit.weights[j], 1e-12);
}

TEST(FitLogistic, InterceptAloneIsTheLogOdds) {
  const std::vector<double> labels{1, 1, 1, 0};
  const LogisticFit fit = fit_logistic(signed_rows(data::Matrix(4, 0), labels));
  ASSERT_TRUE(fit.converged);
  EXPECT_NEAR(fit.weights[0], std::log(3.0), 1e-12);
}

TEST(FitLogistic, SaysWhenThereIsNoFiniteFit) {
  data::Matrix x(4, 1);
  x.values = {-2, -1, 1, 2};
  const std::vector<double> labels{0, 0, 1, 1};
  EXPECT_FALSE(fit_logistic(signed_rows(x, labels), 0, 20).converged);
  EXPECT_TRUE(fit_logistic(signed_rows(x, labels), 0.1).converged);
  data::Matrix twice(4, 2);
  twice.values = {-2, -2, 1, 1, -1, -1, 2, 2};
  EXPECT_FALSE(fit_logistic(signed_rows(twice, labels)).converged);
  EXPECT_THROW(fit_logistic(data::Matrix()), ParametersError);
  EXPECT_THROW(fit_logistic(signed_rows(x, labels), -1), ParametersError);
}

TEST(Margins, PredictProbabilities) {
  data::Matrix x(2, 1);
  x.values = {2, -3};
  const data::Matrix rows = with_intercept(x);
  const std::vector<double> weights{1, 0.5};
  const std::vector<double> z = margins(rows, weights);
  EXPECT_EQ(z, (std::vector<double>{2, -0.5}));
  EXPECT_EQ(probabilities(z)[0], sigmoid(2));
  EXPECT_EQ(largest_margin(rows, weights), 2);
  EXPECT_THROW(margins(rows, std::vector<double>(3)), MismatchError);
}

}  // namespace
}  // namespace cloister::ml
