#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "cloister/data/csv.h"
#include "cloister/data/metrics.h"
#include "cloister/ml/clear_logistic.h"
#include "cloister/ml/clear_newton.h"
#include "cloister/pipeline/ckks_pipeline_test_fixture.h"

namespace cloister::pipeline {
namespace {

// Trainings by a fixed Hessian, at 128 bits: rings of 2^15, of 2^16 with bootstraps.
class SlowCkksNewton : public CkksPipeline {};

TEST_F(SlowCkksNewton, FromFilesToFiles) {
  const auto data = examples(60, 3, true, 61);
  const ml::Plan made = prepare({.rows = 60,
                                 .features = 3,
                                 .predict_rows = 20,
                                 .iterations = 2,
                                 .ridge = 0.02,
                                 .method = ml::Method::kNewton,
                                 .products = 2},
                                data);
  ASSERT_TRUE(made.newton);
  train();
  const auto clear = ml::train_newton(ml::signed_rows(data.features, data.target), *made.newton);
  ASSERT_LT(clear.largest_margin, ml::default_margin_limit(made.newton->sigmoid));
  const DecryptedModel model = decrypted_model();
  EXPECT_EQ(model.error_bound, made.error_bound);
  EXPECT_LE(model.error_bound, 1e-3);
  expect_near_all(with_intercept_first(model.model), clear.weights.back(), model.error_bound);

  const auto unseen = examples(20, 3, true, 62);
  double bound = 0;
  const auto margins = predictions(unseen.features, at("model.enc"), &bound);
  expect_near_all(margins, ml::margins(ml::with_intercept(unseen.features), clear.weights.back()), bound);
}

TEST_F(SlowCkksNewton, GoesOnWhereItWasStoppedToTheSameModel) {
  const auto data = examples(40, 3, true, 63);
  const ml::Plan made = prepare({.rows = 40,
                                 .features = 3,
                                 .iterations = 3,
                                 .ridge = 0.1,
                                 .method = ml::Method::kNewton,
                                 .products = 1,
                                 .max_error = 0.1,
                                 .log2_degree = 16,
                                 .iterations_per_bootstrap = 1},
                                data);
  const auto due = trained("whole.enc", machine);
  EXPECT_FALSE(fs::exists(at("checkpoints")));
  // Units: a product in the first iteration; a bootstrap, a block and a product in the two others. Stopped in
  // the third, of which there is a checkpoint.
  for (const std::uint64_t at_unit : {6}) {
    Stop stop(at_unit);
    const Machine stopped{machine.kernels, pool, stop};
    EXPECT_THROW(trained("model.enc", stopped), Stop::Stopped);
    EXPECT_FALSE(fs::exists(at("model.enc")));
    EXPECT_TRUE(fs::exists(at("checkpoints")));
    EXPECT_EQ(trained("model.enc", machine), due);
    EXPECT_FALSE(fs::exists(at("checkpoints")));
    fs::remove(at("model.enc"));
  }
  fs::rename(at("whole.enc"), at("model.enc"));
  const auto clear = ml::train_newton(ml::signed_rows(data.features, data.target), *made.newton);
  ASSERT_LT(clear.largest_margin, ml::default_margin_limit(made.newton->sigmoid));
  expect_near_all(with_intercept_first(decrypted_model().model), clear.weights.back(), made.error_bound);
}

TEST_F(SlowCkksNewton, ReachesTheFitsAucOnAllColumnsOfChdInTwoPasses) {
  const fs::path path = fs::path(CLOISTER_DEFAULT_DATA_DIR) / "framingham.csv";
  if (!fs::exists(path)) GTEST_SKIP() << "the data folder is not there";
  data::PreparationSpec spec;
  spec.target = "TenYearCHD";
  spec.task = data::Task::kClassification;
  const data::Table table = data::read_csv(path);
  const data::Examples all = data::Preparation::fit(table, spec).apply(table, data::TargetUse::kRequired);
  const data::Matrix rows = ml::signed_rows(all.features, all.target),
                     plain = ml::with_intercept(all.features);
  const ml::Plan made = prepare({.rows = rows.rows,
                                 .features = 15,
                                 .iterations = 2,
                                 .method = ml::Method::kNewton,
                                 .products = 3,
                                 .spectrum_cap = 4},
                                all);
  train();
  const auto clear = ml::train_newton(rows, *made.newton);
  ASSERT_LT(clear.largest_margin, ml::default_margin_limit(made.newton->sigmoid));
  const auto weights = with_intercept_first(decrypted_model().model);
  expect_near_all(weights, clear.weights.back(), made.error_bound);
  const auto auc = [&](const std::vector<double>& w) { return data::auc(ml::margins(plain, w), all.target); };
  EXPECT_GT(auc(weights), auc(ml::fit_logistic(rows).weights) - 0.001);
}

}  // namespace
}  // namespace cloister::pipeline
