#include "cloister/ml/linear_trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "cloister/ml/clear_linear.h"
#include "cloister/ml/clear_spectrum.h"
#include "cloister/ml/linear_noise.h"
#include "cloister/ml/planner.h"
#include "cloister/ml/training_test_fixture.h"

namespace cloister::ml {
namespace {

// Columns that are mixtures of few others and a little of their own, standardized, and a target of deviation
// 1 with noise: ill-conditioned.
struct Table {
  Table(std::size_t rows, std::size_t features, std::size_t sources, double own)
      : x(random_features(rows, features, 51)), y(rows), z(rows, features + 1) {
    const data::Matrix source = random_features(rows, sources, 52),
                       mix = random_features(sources, features, 53);
    const data::Matrix effect = random_features(1, features, 54), noise = random_features(rows, 1, 55);
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < features; ++j) {
        x(i, j) *= own;
        for (std::size_t k = 0; k < sources; ++k) x(i, j) += source(i, k) * mix(k, j);
      }
    for (std::size_t j = 0; j < features; ++j)
      standardize(rows, [&](std::size_t i) -> double& { return x(i, j); });
    for (std::size_t i = 0; i < rows; ++i) {
      y[i] = 0.3 * noise(i, 0);
      for (std::size_t j = 0; j < features; ++j) y[i] += effect(0, j) * x(i, j);
    }
    standardize(rows, [&](std::size_t i) -> double& { return y[i]; });
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < features; ++j) z(i, j) = x(i, j);
      z(i, features) = y[i];
    }
  }
  template <typename Value>
  static void standardize(std::size_t n, const Value& value) {
    double mean = 0, square = 0;
    for (std::size_t i = 0; i < n; ++i) mean += value(i) / static_cast<double>(n);
    for (std::size_t i = 0; i < n; ++i) square += std::pow(value(i) - mean, 2) / static_cast<double>(n);
    for (std::size_t i = 0; i < n; ++i) value(i) = (value(i) - mean) / std::sqrt(square);
  }
  double condition() const {
    const auto spectrum = symmetric_eigenvalues(second_moments(x));
    return spectrum.back() / spectrum.front();
  }
  // The part of the target's variance that weights explain.
  double r2(const std::vector<double>& weights) const {
    double left = 0;
    for (std::size_t i = 0; i < x.rows; ++i) {
      double residual = y[i];
      for (std::size_t j = 0; j < x.columns; ++j) residual -= weights[j] * x(i, j);
      left += residual * residual / static_cast<double>(x.rows);
    }
    return 1 - left;
  }

  data::Matrix x;
  std::vector<double> y;
  data::Matrix z;  // the target last
};

// The weights of every copy, and the largest distance of one to `clear`, in L2.
double largest_error(const std::vector<double>& slots, std::size_t width, double state_scale,
                     const std::vector<double>& clear) {
  double largest = 0;
  for (std::size_t i = 0; i < slots.size(); i += width) {
    double sum = 0;
    for (std::size_t j = 0; j < clear.size(); ++j) sum += std::pow(slots[i + j] / state_scale - clear[j], 2);
    largest = std::max(largest, std::sqrt(sum));
  }
  return largest;
}

struct Case {
  int iterations;
  double ridge;
  int run;  // products between two bootstraps
  RotationKeys keys;
};

// A training that bootstraps, on a small, insecure ring, with its bounds as a plan derives them.
class LinearRun {
 public:
  static constexpr std::size_t kFeatures = 6, kRows = 120;

  explicit LinearRun(const Case& c)
      : table(kRows, kFeatures, 2, 0.1),
        schedule(plan_linear(long_linear_spec(kFeatures, c.iterations, c.ridge, kFeatures, {}))) {
    const LinearStateBounds bounds = linear_state_bounds(schedule);
    const int scale = bounds.change_scale();
    plan.packing = StripPacking::create(std::size_t{1} << (kLog2Degree - 1), kFeatures + 1);
    plan.rotation_keys = c.keys;
    plan.state_scale = 16;
    plan.weights.magnitude = bounds.largest_weights();
    plan.bootstrapping = {
        .log2_slots = 3,
        .range = plan.state_scale * std::max(plan.weights.magnitude, scale * bounds.largest_change()),
        .slots_to_coefficients = 1,
        .coefficients_to_slots = 1};
    plan.parameters = plan.bootstrapping->raised(
        {.log2_degree = kLog2Degree,
         .levels = LinearTrainer::levels_for_runs(c.run, plan.model_level, *plan.bootstrapping),
         .scale_bits = 43,
         .first_prime_bits = 49,
         .digits = 3,
         .raised_scale_bits = 50});
    levels =
        LinearTrainer::level_schedule(schedule, plan.model_level, plan.bootstrapping, plan.parameters.levels);
    const auto chain = ckks::Parameters::chain(plan.parameters);
    const JobRequest request{.model = ModelKind::kLinear, .rows = kRows, .features = kFeatures};
    plan.weights.error = linear_training_error(
        chain, plan, request, schedule, bounds, linear_gains(schedule), linear_renewal_gains(schedule, scale),
        renewal_error(plan, circuits::bootstrapping_two_noise(*plan.bootstrapping, plan.parameters, chain),
                      kFeatures + 1));
    clear = chebyshev_iterates(normal_equations(table.x, table.y, c.ridge), schedule).back();

    parties.emplace(plan, kRows);
    blocks.emplace(*parties, table.z, 1, levels.rows_level());
    bootstrapper.emplace(*plan.bootstrapping, *parties->encoder, parties->pool);
    trainer.emplace(schedule, parties->layout, *parties->evaluator, *parties->encoder, &*bootstrapper);
  }
  double error_of(const ckks::Ciphertext& model) {
    return largest_error(parties->decrypt(model), plan.packing.width, plan.state_scale, clear);
  }

  Table table;
  LinearSchedule schedule;
  CkksPlan plan;
  LevelSchedule levels;
  std::vector<double> clear;
  std::optional<TrainingParties> parties;
  std::optional<MemoryBlocks> blocks;
  std::optional<circuits::Bootstrapper> bootstrapper;
  std::optional<LinearTrainer> trainer;
};

class BootstrappedLinear : public ::testing::TestWithParam<Case> {};

TEST_P(BootstrappedLinear, EqualsTheClearIterationAndGoesOnWhereItWas) {
  LinearRun run(GetParam());
  EXPECT_GE(run.table.condition(), 100);
  EXPECT_GT(run.levels.renewals(), 1);
  KeptPoints journal;
  NoProgress progress;
  const auto model = run.trainer->train(*run.blocks, progress, journal);
  EXPECT_EQ(model.level(), kPredictionLevels);
  EXPECT_LT(run.plan.weights.error, 1e-3);
  EXPECT_LE(run.error_of(model), run.plan.weights.error);
  // The bound is for the worst table and target, and of 27 deviations of a bootstrap.
  EXPECT_GE(run.error_of(model), run.plan.weights.error / 1000);
  ASSERT_EQ(static_cast<int>(journal.points.size()), run.levels.renewals());
  // From the first and the last point on, the same model to the bit.
  for (auto* point : {&journal.points.front(), &journal.points.back()}) {
    KeptPoints before;
    before.keep(*point);
    EXPECT_TRUE(same(run.trainer->train(*run.blocks, progress, before), model));
  }
}

INSTANTIATE_TEST_SUITE_P(Schedules, BootstrappedLinear,
                         ::testing::Values(Case{8, 0, 3, RotationKeys::kQuaternary},
                                           Case{10, 0.5, 4, RotationKeys::kFew},
                                           Case{5, 0, 1, RotationKeys::kBinary}));

TEST(LinearTraining, RefusesACheckpointOfAnotherPlace) {
  LinearRun run({5, 0, 2, RotationKeys::kQuaternary});
  KeptPoints journal;
  NoProgress progress;
  run.trainer->train(*run.blocks, progress, journal);
  ASSERT_FALSE(journal.points.empty());
  auto& last = journal.points.back();
  const std::size_t there = last.iterations;
  last.iterations = 1;  // where nothing is renewed
  EXPECT_THROW(run.trainer->train(*run.blocks, progress, journal), MismatchError);
  last.iterations = there;
  const int start = run.levels.iterations[there].start;
  last.state[1] = run.parties->evaluator->to_level(last.state[1], start - 1);
  EXPECT_THROW(run.trainer->train(*run.blocks, progress, journal), LevelExhaustedError);
  last.state.pop_back();
  EXPECT_THROW(run.trainer->train(*run.blocks, progress, journal), MismatchError);
}

TEST(LinearTraining, LeavesTheMatrixAboveEveryProduct) {
  constexpr circuits::BootstrappingSpec kSpec{
      .log2_slots = 4, .slots_to_coefficients = 1, .coefficients_to_slots = 1};
  for (int run = 1; run <= 6; ++run) {
    const int most = LinearTrainer::levels_for_runs(run, kPredictionLevels, kSpec);
    for (int iterations = 1; iterations <= 20; ++iterations) {
      const auto schedule = plan_linear(long_linear_spec(4, iterations, 0, {}, {}));
      const auto levels = LinearTrainer::level_schedule(schedule, kPredictionLevels, kSpec, most);
      ASSERT_EQ(static_cast<int>(levels.iterations.size()), iterations + 1);
      const int matrix = levels.rows_level() - MomentMatrix::kLevels;
      EXPECT_LE(levels.rows_level(), most);
      int level = matrix - 1;
      for (std::size_t t = 1; t < levels.iterations.size(); ++t) {
        const auto& at = levels.iterations[t];
        EXPECT_LT(at.start, matrix);
        if (at.renewed) {
          EXPECT_GT(t, 1u);  // there is a change to renew
          EXPECT_GE(level, kSpec.slots_to_coefficients);
          EXPECT_LT(at.start, most - 1);  // what bootstrap_two gives
        } else if (t == 1) {
          EXPECT_LE(at.start, level);  // the first run may be short
        } else {
          EXPECT_EQ(at.start, level);
        }
        level = at.start - 1;
      }
      EXPECT_EQ(level, kPredictionLevels);
    }
  }
  const auto schedule = plan_linear(long_linear_spec(4, 5, 0, {}, {}));
  EXPECT_THROW(LinearTrainer::level_schedule(schedule, kPredictionLevels, kSpec, 6), ParametersError);
}

// A whole job at 128 bits, as the planner plans it: more products than levels in all but the largest ring, on
// columns of a condition above 1000.
TEST(SlowLinearTraining, FitsIllConditionedColumnsAt128Bits) {
  constexpr std::size_t kFeatures = 12, kRows = 1500;
  const Table table(kRows, kFeatures, 3, 0.06);
  EXPECT_GE(table.condition(), 1000);
  const JobRequest request{.model = ModelKind::kLinear,
                           .rows = kRows,
                           .features = kFeatures,
                           .iterations = 40,
                           .spectrum_cap = suggested_spectrum_cap(table.x),
                           .log2_degree = 16,
                           .rotation_keys = RotationKeys::kQuaternary};
  const Plan plan = Planner({.butterfly_ns = 1.5,
                             .multiply_add_ns = 1,
                             .stream_ns = 0.7,
                             .sample_ns = 3,
                             .fetch_ns = 0.3,
                             .touch_ns = 1.5,
                             .file_ns = 3})
                        .plan(request);
  ASSERT_TRUE(plan.ckks->bootstrapping);
  TrainingParties parties(*plan.ckks, kRows,
                          ckks::Parameters::create(plan.ckks->parameters, select_kernels()));
  const circuits::Bootstrapper bootstrapper(*plan.ckks->bootstrapping, *parties.encoder, parties.pool);
  const MemoryBlocks blocks(parties, table.z, 1, plan.ckks->data_level);
  const LinearTrainer trainer(*plan.linear, parties.layout, *parties.evaluator, *parties.encoder,
                              &bootstrapper);
  EXPECT_EQ(trainer.level_schedule().rows_level(), plan.ckks->data_level);
  NoProgress progress;
  const auto model = trainer.train(blocks, progress);

  const auto clear = chebyshev_iterates(normal_equations(table.x, table.y), *plan.linear).back();
  const auto slots = parties.decrypt(model);
  EXPECT_LE(largest_error(slots, plan.ckks->packing.width, plan.ckks->state_scale, clear), plan.error_bound);
  std::vector<double> weights(clear.size());
  for (std::size_t j = 0; j < weights.size(); ++j) weights[j] = slots[j] / plan.ckks->state_scale;
  // The residual's slope is what the polynomial promises, and what the weights' error adds.
  const auto equations = normal_equations(table.x, table.y);
  double slope = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    double left = equations.b[i];
    for (std::size_t j = 0; j < weights.size(); ++j) left -= equations.a(i, j) * weights[j];
    slope += left * left;
  }
  EXPECT_LE(std::sqrt(slope), linear_residual_bound(*plan.linear) + plan.linear->upper * plan.error_bound);
  const double fit = table.r2(solve_least_squares(table.x, table.y));
  EXPECT_GE(table.r2(weights), fit - 0.005);
  // Levels alone, in this ring, do not come as near.
  JobRequest few = request;
  few.iterations = 7;
  const Plan short_plan = Planner({.butterfly_ns = 1}).plan(few);
  EXPECT_LT(table.r2(chebyshev_iterates(equations, *short_plan.linear).back()), table.r2(weights));
  RecordProperty("r2", std::to_string(table.r2(weights)));
  RecordProperty("r2_of_least_squares", std::to_string(fit));
}

}  // namespace
}  // namespace cloister::ml
