#include <gtest/gtest.h>

#include <cmath>

#include "cloister/ml/clear_linear.h"
#include "cloister/ml/clear_logistic.h"
#include "cloister/ml/linear_trainer.h"
#include "cloister/ml/logistic_trainer.h"
#include "cloister/ml/noise_model.h"
#include "cloister/ml/predictor.h"
#include "cloister/ml/training_test_fixture.h"

namespace cloister::ml {
namespace {

constexpr std::size_t kFeatures = 7, kColumns = kFeatures + 1;

struct LogisticCase {
  int degree;
  std::size_t row_slots, rows, blocks;
  RotationKeys keys;
};

// A job in the clear and encrypted, with what the noise model says of the difference.
class LogisticRun {
 public:
  LogisticRun(const LogisticCase& c, int iterations)
      : schedule(plan_logistic(
            {.features = kColumns, .iterations = iterations, .degree = c.degree, .ridge = 0.01})),
        parties(LogisticTrainer::levels(c.degree, iterations) + kPredictionLevels, c.rows,
                StripPacking::create(std::size_t{1} << (kLog2Degree - 1), kColumns, c.row_slots), c.keys) {
    const data::Matrix features = random_features(c.rows, kFeatures, 21);
    std::vector<double> labels(c.rows);
    Prng prng(Seed(Bytes32{}), 22);
    for (std::size_t i = 0; i < c.rows; ++i)
      labels[i] = features(i, 0) - features(i, 1) + unit(prng) > 0.2 ? 1 : 0;
    const data::Matrix rows = signed_rows(features, labels);
    clear = train_logistic(rows, schedule);

    TrainingLayout& layout = parties.layout;
    layout.state_scale = 8;
    layout.row_scale = c.row_slots == 1 ? 1 / (8 * schedule.sigmoid.range) : 1;
    const int levels = parties.parameters->max_level();
    plan.parameters = TrainingParties::spec(levels);
    plan.packing = layout.packing;
    plan.state_scale = layout.state_scale;
    plan.row_scale = layout.row_scale;
    plan.weights.magnitude = logistic_weight_bound(schedule);
    plan.margins.magnitude = plan.weights.magnitude * row_norm;
    injected = logistic_injected_error(ckks::Parameters::chain(plan.parameters), plan,
                                       {.rows = c.rows, .features = kFeatures}, schedule);
    plan.weights.error =
        logistic_error_bound(schedule, injected.per_iteration, default_margin_limit(schedule));
    plan.margins.error = injected.margin + row_norm * plan.weights.error;
    layout.weights = plan.weights;

    const MemoryBlocks blocks(parties, rows, layout.row_scale, levels);
    EXPECT_EQ(blocks.blocks(), c.blocks);
    NoProgress progress;
    model = LogisticTrainer(schedule, layout, *parties.evaluator, *parties.encoder).train(blocks, progress);
  }

  // Of any copy of the weights, in L2.
  double largest_error() {
    const auto slots = parties.decrypt(*model);
    double largest = 0;
    for (std::size_t i = 0; i < slots.size(); i += kColumns) {
      double sum = 0;
      for (std::size_t j = 0; j < kColumns; ++j)
        sum += std::pow(slots[i + j] / plan.state_scale - clear.weights.back()[j], 2);
      largest = std::max(largest, std::sqrt(sum));
    }
    return largest;
  }

  // Of (1, x) with x uniform on +-sqrt(3).
  const double row_norm = std::sqrt(1 + 3.0 * kFeatures);
  LogisticSchedule schedule;
  TrainingParties parties;
  LogisticTrace clear;
  CkksPlan plan;
  InjectedError injected;
  std::optional<ckks::Ciphertext> model;
};

class EncryptedLogistic : public ::testing::TestWithParam<LogisticCase> {};

TEST_P(EncryptedLogistic, EqualsTheClearAlgorithm) {
  LogisticRun run(GetParam(), 4);
  TrainingParties& p = run.parties;
  ASSERT_LT(run.clear.largest_margin, default_margin_limit(run.schedule));
  EXPECT_EQ(run.model->level(), kPredictionLevels);
  EXPECT_LE(run.largest_error(), run.plan.weights.error);
  EXPECT_LT(run.plan.weights.error, 1e-3);

  const Predictor predictor(p.layout, *p.evaluator, *p.encoder);
  const std::size_t row_slots = p.layout.packing.row_slots;
  const auto& weights = run.clear.weights.back();
  const data::Matrix unseen =
      with_intercept(random_features(p.layout.packing.rows_per_block(), kFeatures, 23));
  const auto expected = margins(unseen, weights);
  const MemoryBlocks blocks(p, unseen, 1, kPredictionLevels);
  BlockStrips strips(blocks, 0, p.layout.packing.strips());
  for (const auto& prediction :
       {predictor.predict(strips, predictor.facing(*run.model), run.plan.margins),
        predictor.predict(strips, predictor.facing(weights, kPredictionLevels), run.plan.margins)}) {
    EXPECT_EQ(prediction.level(), 0);
    const auto got = p.decrypt(prediction);
    // No partial sum is left in the other slots.
    for (std::size_t i = 0; i < got.size(); ++i)
      ASSERT_NEAR(got[i], i % row_slots == 0 ? expected[i / row_slots] : 0, run.plan.margins.error) << i;
  }
}

// One full iteration: what it adds is within the model, and the model is not vacuous. Its factors, each of
// which makes it larger than a typical error: 6.6 deviations, of which a norm of eight values shows one or
// two; the polynomial's factors at their largest, up to 10 times their mean; the bound on the weights, which
// is far from the weights of a second iteration; and the spectrum's cap instead of the spectrum.
TEST_P(EncryptedLogistic, AddsTheErrorOfTheNoiseModel) {
  LogisticRun run(GetParam(), 2);
  const double error = run.largest_error();
  EXPECT_LE(error, run.plan.weights.error);
  EXPECT_GE(error, run.injected.per_iteration / 300);
}

INSTANTIATE_TEST_SUITE_P(Packings, EncryptedLogistic,
                         ::testing::Values(LogisticCase{3, 8, 100, 4, RotationKeys::kFew},
                                           LogisticCase{5, 8, 100, 4, RotationKeys::kBinary},
                                           LogisticCase{7, 8, 100, 4, RotationKeys::kQuaternary},
                                           LogisticCase{3, 4, 60, 1, RotationKeys::kQuaternary},
                                           LogisticCase{5, 2, 300, 3, RotationKeys::kFew},
                                           LogisticCase{7, 4, 100, 2, RotationKeys::kBinary},
                                           LogisticCase{3, 1, 300, 2, RotationKeys::kQuaternary},
                                           LogisticCase{5, 1, 200, 1, RotationKeys::kBinary},
                                           LogisticCase{7, 1, 600, 3, RotationKeys::kFew}),
                         [](const ::testing::TestParamInfo<LogisticCase>& test) {
                           const LogisticCase& c = test.param;

                           return "Degree" + std::to_string(c.degree) + "RowSlots" +
                                  std::to_string(c.row_slots) + "Blocks" + std::to_string(c.blocks);
                         });

class EncryptedLinear : public ::testing::TestWithParam<std::tuple<std::size_t, double>> {};

TEST_P(EncryptedLinear, EqualsTheClearIteration) {
  const auto [features, ridge] = GetParam();
  const std::size_t n = 90;
  const data::Matrix x = random_features(n, features, 31);
  data::Matrix rows(n, features + 1);
  std::vector<double> y(n);
  Prng prng(Seed(Bytes32{}), 32);
  for (std::size_t i = 0; i < n; ++i) {
    y[i] = 0.2 * unit(prng);
    for (std::size_t j = 0; j < features; ++j) {
      rows(i, j) = x(i, j);
      y[i] += x(i, j) * (j % 2 == 0 ? 0.5 : -0.25);
    }
    rows(i, features) = y[i];
  }
  const LinearSchedule schedule = plan_linear({.features = features, .iterations = 3, .ridge = ridge});
  const auto clear = chebyshev_iterates(normal_equations(x, y, ridge), schedule);

  const int levels = LinearTrainer::levels(3) + kPredictionLevels;
  const std::size_t width = std::bit_ceil(features + 1);
  TrainingParties p(levels, n, StripPacking::create(std::size_t{1} << (kLog2Degree - 1), features + 1),
                    ridge == 0 ? RotationKeys::kFew : RotationKeys::kQuaternary);
  p.layout.state_scale = 4;
  p.layout.weights = {4, 1e-4};
  const MemoryBlocks blocks(p, rows, 1, levels);
  NoProgress progress;
  const auto model = LinearTrainer(schedule, p.layout, *p.evaluator, *p.encoder).train(blocks, progress);
  EXPECT_EQ(model.level(), kPredictionLevels);
  const auto slots = p.decrypt(model);
  for (std::size_t i = 0; i < slots.size(); ++i)
    ASSERT_NEAR(slots[i] / 4, i % width < features ? clear.back()[i % width] : 0, 1e-7) << i;
}

INSTANTIATE_TEST_SUITE_P(Shapes, EncryptedLinear,
                         ::testing::Values(std::tuple{std::size_t{3}, 0.0}, std::tuple{std::size_t{4}, 0.1},
                                           std::tuple{std::size_t{1}, 0.0}));

TEST(CubicFactors, MultiplyBackToTheCubic) {
  for (const auto& [b, c, d] : {std::tuple{1.0, 2.0, 3.0}, std::tuple{-6.0, 11.0, -6.0},
                                std::tuple{0.0, 0.0, 0.0}, std::tuple{-2.5, 2.1, -0.7}}) {
    const CubicFactors f = factor_monic_cubic(b, c, d);
    EXPECT_NEAR(f.root + f.p, b, 1e-9);
    EXPECT_NEAR(f.root * f.p + f.q, c, 1e-9);
    EXPECT_NEAR(f.root * f.q, d, 1e-9);
  }
}

}  // namespace
}  // namespace cloister::ml
