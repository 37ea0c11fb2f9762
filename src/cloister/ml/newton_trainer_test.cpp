#include "cloister/ml/newton_trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "cloister/ml/clear_logistic.h"
#include "cloister/ml/clear_newton.h"
#include "cloister/ml/newton_noise.h"
#include "cloister/ml/training_test_fixture.h"

namespace cloister::ml {
namespace {

constexpr std::size_t kFeatures = 7, kColumns = kFeatures + 1, kRows = 100;

struct Case {
  int iterations, products, degree;
  double ridge;
  int run;  // iterations between two bootstraps; 0 for levels alone
  RotationKeys keys;
};

// A training on a small, insecure ring, with its bounds as a plan derives them.
class NewtonRun {
 public:
  explicit NewtonRun(const Case& c)
      : schedule(plan_newton({.features = kColumns,
                              .iterations = c.iterations,
                              .products = c.products,
                              .degree = c.degree,
                              .ridge = c.ridge})) {
    const NewtonBounds bounds = newton_bounds(schedule);
    plan.packing = StripPacking::create(std::size_t{1} << (kLog2Degree - 1), kColumns);
    plan.rotation_keys = c.keys;
    plan.state_scale = 8;
    plan.weights.magnitude = bounds.weights;
    plan.margins.magnitude = bounds.weights * std::sqrt(1 + 3.0 * kFeatures);
    if (c.run > 0) {
      plan.bootstrapping = {.log2_slots = 3,
                            .real = true,
                            .range = plan.state_scale * bounds.weights,
                            .slots_to_coefficients = 1,
                            .coefficients_to_slots = 1};
      plan.parameters = plan.bootstrapping->raised(
          {.log2_degree = kLog2Degree,
           .levels = NewtonTrainer::levels_for_runs(schedule, c.run, plan.model_level, *plan.bootstrapping),
           .scale_bits = 40,
           .first_prime_bits = 46,
           .digits = 3,
           .raised_scale_bits = 47});
    } else {
      plan.parameters = TrainingParties::spec(NewtonTrainer::levels(schedule) + plan.model_level);
    }
    levels =
        NewtonTrainer::level_schedule(schedule, plan.model_level, plan.bootstrapping, plan.parameters.levels);
    const auto chain = ckks::Parameters::chain(plan.parameters);
    injected = newton_injected_errors(chain, plan, {.rows = kRows, .features = kFeatures}, schedule, bounds);
    RenewalError renewal;
    if (plan.bootstrapping)
      renewal = renewal_error(
          plan, circuits::bootstrapping_noise(*plan.bootstrapping, plan.parameters, chain), kColumns);
    plan.weights.error = newton_training_error(newton_gains(schedule, default_margin_limit(schedule.sigmoid)),
                                               injected, renewal, levels);

    const data::Matrix features = random_features(kRows, kFeatures, 21);
    std::vector<double> labels(kRows);
    Prng prng(Seed(Bytes32{}), 22);
    for (std::size_t i = 0; i < kRows; ++i)
      labels[i] = features(i, 0) - features(i, 1) + 2 * unit(prng) > 0.2 ? 1 : 0;
    rows = signed_rows(features, labels);
    clear = train_newton(rows, schedule);

    parties.emplace(plan, kRows);
    blocks.emplace(*parties, rows, plan.row_scale, levels.rows_level());
    if (plan.bootstrapping) bootstrapper.emplace(*plan.bootstrapping, *parties->encoder, parties->pool);
    trainer.emplace(schedule, parties->layout, *parties->evaluator, *parties->encoder,
                    bootstrapper ? &*bootstrapper : nullptr);
  }

  // Of any copy of the weights, in L2.
  double largest_error(const ckks::Ciphertext& model) {
    const auto slots = parties->decrypt(model);
    double largest = 0;
    for (std::size_t i = 0; i < slots.size(); i += kColumns) {
      double sum = 0;
      for (std::size_t j = 0; j < kColumns; ++j)
        sum += std::pow(slots[i + j] / plan.state_scale - clear.weights.back()[j], 2);
      largest = std::max(largest, std::sqrt(sum));
    }
    return largest;
  }

  NewtonSchedule schedule;
  CkksPlan plan;
  LevelSchedule levels;
  NewtonInjectedErrors injected;
  data::Matrix rows;
  LogisticTrace clear;
  std::optional<TrainingParties> parties;
  std::optional<MemoryBlocks> blocks;
  std::optional<circuits::Bootstrapper> bootstrapper;
  std::optional<NewtonTrainer> trainer;
};

class EncryptedNewton : public ::testing::TestWithParam<Case> {};

TEST_P(EncryptedNewton, EqualsTheClearAlgorithmAndGoesOnWhereItWas) {
  NewtonRun run(GetParam());
  ASSERT_LT(run.clear.largest_margin, default_margin_limit(run.schedule.sigmoid));
  KeptPoints journal;
  NoProgress progress;
  const auto model = run.trainer->train(*run.blocks, progress, journal);
  EXPECT_EQ(model.level(), kPredictionLevels);
  EXPECT_LE(run.largest_error(model), run.plan.weights.error);
  EXPECT_LT(run.plan.weights.error, 1e-3);
  EXPECT_EQ(static_cast<int>(journal.points.size()), run.levels.renewals());
  EXPECT_EQ(run.levels.renewals() > 0, GetParam().run > 0);
  // From every point on, the same model to the bit.
  while (!journal.points.empty()) {
    KeptPoints before;
    before.points.push_back(std::move(journal.points.back()));
    journal.points.pop_back();
    EXPECT_TRUE(same(run.trainer->train(*run.blocks, progress, before), model));
  }
}

// The model is not vacuous. Its factors: some twenty deviations, of which a norm of eight values shows one or
// two; the largest direction and weights there can be instead of what they are, an order of magnitude; gains
// for the worst matrix and the worst error, which for four products are another.
TEST_P(EncryptedNewton, AddsTheErrorOfTheNoiseModel) {
  NewtonRun run(GetParam());
  NoJournal journal;
  NoProgress progress;
  EXPECT_GE(run.largest_error(run.trainer->train(*run.blocks, progress, journal)),
            run.plan.weights.error / 3000);
}

INSTANTIATE_TEST_SUITE_P(Shapes, EncryptedNewton,
                         ::testing::Values(Case{2, 4, 7, 0, 0, RotationKeys::kQuaternary},
                                           Case{3, 2, 7, 0.05, 0, RotationKeys::kFew},
                                           Case{3, 1, 5, 0, 0, RotationKeys::kBinary},
                                           Case{1, 3, 3, 0, 0, RotationKeys::kQuaternary},
                                           Case{4, 2, 7, 0.05, 1, RotationKeys::kQuaternary},
                                           Case{5, 1, 7, 0, 2, RotationKeys::kBinary}));

TEST(NewtonTrainer, RefusesACheckpointOfAnotherPlace) {
  NewtonRun run({4, 2, 7, 0.05, 1, RotationKeys::kQuaternary});
  KeptPoints journal;
  NoProgress progress;
  run.trainer->train(*run.blocks, progress, journal);
  ASSERT_FALSE(journal.points.empty());
  const std::size_t renewed = journal.points.back().iterations;
  journal.points.back().iterations = 0;  // where nothing is renewed
  EXPECT_THROW(run.trainer->train(*run.blocks, progress, journal), MismatchError);
  journal.points.back().iterations = renewed;
  journal.points.back().state.push_back(journal.points.back().state.front().clone());  // Nesterov's has two
  EXPECT_THROW(run.trainer->train(*run.blocks, progress, journal), MismatchError);
  journal.points.back().state.pop_back();
  auto& w = journal.points.back().state.front();
  w = run.parties->evaluator->to_level(w, 1);
  EXPECT_THROW(run.trainer->train(*run.blocks, progress, journal), LevelExhaustedError);
}

TEST(NewtonTrainer, RefusesRowsInStrips) {
  NewtonRun run({1, 1, 7, 0, 0, RotationKeys::kQuaternary});
  TrainingLayout layout = run.parties->layout;
  layout.packing.row_slots = kColumns / 2;
  EXPECT_THROW(NewtonTrainer(run.schedule, layout, *run.parties->evaluator, *run.parties->encoder),
               InternalError);
}

TEST(NewtonTrainer, LevelsAreThoseOfTheMatrixTheGradientAndTheProducts) {
  for (const int products : {0, 1, 4, 8}) {
    const NewtonSchedule schedule =
        plan_newton({.features = kColumns, .iterations = 7, .products = products, .degree = 7});
    EXPECT_EQ(NewtonTrainer::levels(schedule), 4 + products + 6 * (5 + products));
    constexpr circuits::BootstrappingSpec kSpec{
        .log2_slots = 3, .real = true, .slots_to_coefficients = 1, .coefficients_to_slots = 1};
    for (int run = 1; run <= 3; ++run) {
      const int most = NewtonTrainer::levels_for_runs(schedule, run, kPredictionLevels, kSpec);
      const auto levels = NewtonTrainer::level_schedule(schedule, kPredictionLevels, kSpec, most);
      ASSERT_EQ(levels.iterations.size(), 7u);
      EXPECT_LE(levels.rows_level(), most);
      int level = levels.rows_level() - NewtonTrainer::levels_of_first(schedule);
      for (std::size_t t = 1; t < 7; ++t) {
        const auto& at = levels.iterations[t];
        if (at.renewed) {
          EXPECT_GE(level, kSpec.slots_to_coefficients);
          level = most;
        }
        EXPECT_LE(at.start, level);
        EXPECT_LE(at.start, levels.rows_level());
        level = at.start - NewtonTrainer::levels_per_iteration(schedule);
      }
      EXPECT_EQ(level, kPredictionLevels);
      // A run of one iteration less where the first leaves fewer levels.
      EXPECT_LE(levels.renewals(), 6 / run);
    }
  }
}

}  // namespace
}  // namespace cloister::ml
