#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "cloister/ml/clear_logistic.h"
#include "cloister/ml/logistic_trainer.h"
#include "cloister/ml/noise_model.h"
#include "cloister/ml/training_test_fixture.h"

namespace cloister::ml {
namespace {

constexpr std::size_t kFeatures = 7, kColumns = kFeatures + 1, kRows = 100;

// A training that bootstraps, on a small ring, with its bounds as a plan derives them.
class BootstrappedRun {
 public:
  BootstrappedRun(int iterations, std::size_t batches, std::size_t row_slots, int run, int repetitions = 0)
      : schedule(plan_logistic({.features = kColumns,
                                .iterations = iterations,
                                .ridge = 0.01,
                                .range = steady_range(7),
                                .batches = batches,
                                .seed = 5,
                                .momentum_cap = kSteadyMomentum})) {
    constexpr int kStages = 1;
    plan.packing = StripPacking::create(std::size_t{1} << (kLog2Degree - 1), kColumns, row_slots);
    plan.rotation_keys = RotationKeys::kQuaternary;
    plan.state_scale = 8;
    plan.row_scale = row_slots == 1 ? 1 / (plan.state_scale * schedule.sigmoid.range) : 1;
    plan.weights.magnitude = logistic_weight_bound(schedule);
    plan.margins.magnitude = plan.weights.magnitude * std::sqrt(1 + 3.0 * kFeatures);
    plan.bootstrapping = {.log2_slots = 3,
                          .range = plan.state_scale * plan.weights.magnitude,
                          .slots_to_coefficients = kStages,
                          .coefficients_to_slots = kStages,
                          .repetitions = repetitions};
    const int each = LogisticTrainer::levels_per_iteration(7);
    plan.parameters =
        plan.bootstrapping->raised({.log2_degree = kLog2Degree,
                                    .levels = LevelSchedule::levels_for_runs(run, each, *plan.bootstrapping),
                                    .scale_bits = 40,
                                    .first_prime_bits = 46,
                                    .digits = 3,
                                    .raised_scale_bits = 47});
    levels = LogisticTrainer::level_schedule(schedule, plan.model_level, plan.bootstrapping,
                                             plan.parameters.levels);
    const double limit = default_margin_limit(schedule);
    const auto chain = ckks::Parameters::chain(plan.parameters);
    const double injected =
        logistic_injected_error(chain, plan, {.rows = kRows, .features = kFeatures}, schedule).per_iteration;
    const auto error_with = [&](const circuits::BootstrappingNoise& noise) {
      return logistic_training_error(injected, renewal_error(plan, noise, kColumns), levels,
                                     logistic_gains(schedule, limit),
                                     logistic_renewal_gains(schedule, limit));
    };
    const auto once = circuits::bootstrapping_two_noise(*plan.bootstrapping, plan.parameters, chain);
    error_once = plan.weights.error = error_with(once);
    // What is brought is no more than that, so neither is what repetitions make of it.
    if (repetitions > 0)
      plan.weights.error =
          error_with(circuits::repeated_noise(once, true, *plan.bootstrapping, plan.parameters, chain,
                                              2 * error_once / plan.weights.magnitude)
                         .value()
                         .after);

    const data::Matrix features = random_features(kRows, kFeatures, 21);
    std::vector<double> labels(kRows);
    Prng prng(Seed(Bytes32{}), 22);
    for (std::size_t i = 0; i < kRows; ++i)
      labels[i] = features(i, 0) - features(i, 1) + unit(prng) > 0.2 ? 1 : 0;
    rows = signed_rows(features, labels);
    clear = train_logistic(rows, schedule, SigmoidKind::kPolynomial, plan.packing.rows_per_block())
                .weights.back();

    parties.emplace(plan, kRows);
    blocks.emplace(*parties, rows, plan.row_scale, levels.rows_level());
    bootstrapper.emplace(*plan.bootstrapping, *parties->encoder, parties->pool);
    trainer.emplace(schedule, parties->layout, *parties->evaluator, *parties->encoder, &*bootstrapper);
  }

  // Of any copy of the weights, in L2.
  double largest_error(const ckks::Ciphertext& model) {
    const auto slots = parties->decrypt(model);
    double largest = 0;
    for (std::size_t i = 0; i < slots.size(); i += kColumns) {
      double sum = 0;
      for (std::size_t j = 0; j < kColumns; ++j)
        sum += std::pow(slots[i + j] / plan.state_scale - clear[j], 2);
      largest = std::max(largest, std::sqrt(sum));
    }
    return largest;
  }

  LogisticSchedule schedule;
  CkksPlan plan;
  double error_once = 0;  // the bound without repetitions
  LevelSchedule levels;
  data::Matrix rows;
  std::vector<double> clear;
  std::optional<TrainingParties> parties;
  std::optional<MemoryBlocks> blocks;
  std::optional<circuits::Bootstrapper> bootstrapper;
  std::optional<LogisticTrainer> trainer;
};

struct Case {
  int iterations;
  std::size_t batches, row_slots;
  int run;
  int repetitions = 0;
};
class BootstrappedTraining : public ::testing::TestWithParam<Case> {};

TEST_P(BootstrappedTraining, EqualsTheClearAlgorithmAndGoesOnWhereItWas) {
  const Case& c = GetParam();
  BootstrappedRun run(c.iterations, c.batches, c.row_slots, c.run, c.repetitions);
  if (c.repetitions > 0) {
    EXPECT_LT(run.plan.weights.error, run.error_once / 2);
  }
  EXPECT_EQ(run.levels.renewals(), (c.iterations - 2) / c.run);
  KeptPoints journal;
  NoProgress progress;
  const auto model = run.trainer->train(*run.blocks, progress, journal);
  EXPECT_EQ(model.level(), kPredictionLevels);
  EXPECT_LE(run.largest_error(model), run.plan.weights.error);
  EXPECT_LT(run.plan.weights.error, 1e-3);
  ASSERT_EQ(static_cast<int>(journal.points.size()), run.levels.renewals());
  // From every point on, the same model to the bit.
  while (!journal.points.empty()) {
    KeptPoints before;
    before.points.push_back(std::move(journal.points.back()));
    journal.points.pop_back();
    EXPECT_TRUE(same(run.trainer->train(*run.blocks, progress, before), model));
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, BootstrappedTraining,
                         ::testing::Values(Case{6, 1, 8, 2}, Case{5, 2, 4, 1}, Case{5, 1, 1, 1},
                                           Case{6, 1, 8, 2, 1}));

TEST(BootstrappedTraining, RefusesACheckpointOfAnotherPlace) {
  BootstrappedRun run(5, 1, 8, 1);
  KeptPoints journal;
  NoProgress progress;
  run.trainer->train(*run.blocks, progress, journal);
  ASSERT_FALSE(journal.points.empty());
  journal.points.back().iterations = 1;  // where nothing is renewed
  EXPECT_THROW(run.trainer->train(*run.blocks, progress, journal), MismatchError);
  journal.points.back().iterations = 2;
  journal.points.back().state.pop_back();
  EXPECT_THROW(run.trainer->train(*run.blocks, progress, journal), MismatchError);
}

TEST(LevelSchedule, EndsAtTheModelAndKeepsWhatBootstrapsTake) {
  constexpr int kEach = 5, kModel = 2;
  for (int i = 2; i <= 9; ++i) {
    const int run = i / 2;
    const circuits::BootstrappingSpec spec{
        .log2_slots = 8, .slots_to_coefficients = 2, .coefficients_to_slots = 2, .repetitions = i % 2};
    const int max_level = LevelSchedule::levels_for_runs(run, kEach, spec);
    for (int iterations = 1; iterations <= 12; ++iterations) {
      const auto levels = LevelSchedule::with_bootstraps(iterations, kEach, kModel, spec, max_level);
      ASSERT_EQ(static_cast<int>(levels.iterations.size()), iterations);
      EXPECT_LE(levels.rows_level(), max_level);
      int level = levels.rows_level() - 1;
      for (int t = 1; t < iterations; ++t) {
        const auto& at = levels.iterations[static_cast<std::size_t>(t)];
        if (at.renewed) {
          EXPECT_GE(level - 1, spec.slots_to_coefficients);  // of the weights of before
          level = max_level - 1 - spec.repetitions;
        }
        EXPECT_LE(at.start, level);
        level = at.start - kEach;
      }
      EXPECT_EQ(level, kModel);
      EXPECT_EQ(levels.renewals(), iterations < 2 ? 0 : (iterations - 2) / run);
    }
    EXPECT_THROW(LevelSchedule::with_bootstraps(9, kEach, kModel, spec, kEach + 3 + spec.repetitions),
                 ParametersError);
  }
}

TEST(LevelSchedule, WithoutBootstrapsTakesWhatTheTrainerSays) {
  const auto levels = LevelSchedule::within_levels(4, 5, 2);
  EXPECT_EQ(levels.rows_level(), 2 + LogisticTrainer::levels(7, 4));
  EXPECT_EQ(levels.iterations.back().start, 7);
  EXPECT_EQ(levels.renewals(), 0);
}

}  // namespace
}  // namespace cloister::ml
