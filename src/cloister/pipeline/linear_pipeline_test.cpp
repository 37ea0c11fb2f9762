#include <gtest/gtest.h>

#include "cloister/ml/clear_linear.h"
#include "cloister/ml/clear_logistic.h"
#include "cloister/pipeline/ckks_pipeline_test_fixture.h"

namespace cloister::pipeline {
namespace {

// Linear trainings with bootstraps, in the ring of 2^16 that 128 bits take.
class SlowCkksLinear : public CkksPipeline {};

TEST_F(SlowCkksLinear, GoesOnWhereItWasStoppedToTheSameModel) {
  const auto data = examples(40, 3, false, 71);
  const ml::Plan made = prepare({.model = ml::ModelKind::kLinear,
                                 .rows = 40,
                                 .features = 3,
                                 .predict_rows = 20,
                                 .iterations = 6,
                                 .log2_degree = 16,
                                 .iterations_per_bootstrap = 2},
                                data);
  ASSERT_TRUE(made.ckks->bootstrapping);
  const auto due = trained("whole.enc", machine);
  EXPECT_FALSE(fs::exists(at("checkpoints")));
  // Units: the first vector, products, a bootstrap before every second of them. Stopped before the last
  // product.
  Stop stop(8);
  const Machine stopped{machine.kernels, pool, stop};
  EXPECT_THROW(trained("model.enc", stopped), Stop::Stopped);
  EXPECT_FALSE(fs::exists(at("model.enc")));
  EXPECT_TRUE(fs::exists(at("checkpoints")));
  EXPECT_EQ(trained("model.enc", machine), due);
  EXPECT_FALSE(fs::exists(at("checkpoints")));

  const auto clear =
      ml::chebyshev_iterates(ml::normal_equations(data.features, data.target), *made.linear).back();
  expect_near_all(decrypted_model().model.weights, clear, made.error_bound);
  const auto unseen = examples(20, 3, false, 72);
  double bound = 0;
  const auto margins = predictions(unseen.features, at("model.enc"), &bound);
  expect_near_all(margins, ml::margins(unseen.features, clear), bound);
}

// A floor under the spectrum that the rows do not keep to is found before anything is encrypted.
TEST_F(CkksPipeline, FloorsThatRowsBreakAreRefused) {
  auto data = examples(60, 3, false, 73);
  plan({.model = ml::ModelKind::kLinear, .rows = 60, .features = 3, .iterations = 2, .spectrum_floor = 0.5});
  keys();
  const EncryptFiles files{at("plan.json"), at("secret.key"), at("train.enc")};
  for (std::size_t i = 0; i < 60; ++i) data.features(i, 2) = data.features(i, 1);
  try {
    encrypt_training_rows(files, data, nullptr, machine);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kFailedPrecondition);
  }
  EXPECT_FALSE(fs::exists(at("train.enc")));
}

}  // namespace
}  // namespace cloister::pipeline
