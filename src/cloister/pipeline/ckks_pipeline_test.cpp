#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <utility>

#include "cloister/data/csv.h"
#include "cloister/data/metrics.h"
#include "cloister/data/split.h"
#include "cloister/ml/clear_linear.h"
#include "cloister/ml/clear_logistic.h"
#include "cloister/pipeline/ckks_pipeline_test_fixture.h"
#include "cloister/pipeline/ckks_session.h"
#include "cloister/pipeline/plan_file.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/wire/expanded_keys.h"

namespace cloister::pipeline {
namespace {

struct PackedRows {
  int row_slots;  // 0: the planner's choice
  std::size_t rows, blocks;
};

class CkksPackedPipeline : public CkksPipeline, public ::testing::WithParamInterface<PackedRows> {};

TEST_P(CkksPackedPipeline, LogisticFromFilesToFiles) {
  const auto [row_slots, rows, blocks] = GetParam();
  const auto data = examples(rows, 2, true, 41);
  // The ring that holds two iterations of degree 3, so that a number of rows is a number of blocks.
  const ml::Plan made = plan({.model = ml::ModelKind::kLogistic,
                              .rows = rows,
                              .features = 2,
                              .predict_rows = 20,
                              .iterations = 2,
                              .log2_degree = 14,
                              .row_slots = row_slots});
  ASSERT_EQ(made.ckks->packing.blocks(rows), blocks);
  keys();
  encrypt_training_rows({at("plan.json"), at("secret.key"), at("train.enc")}, data, nullptr, machine);
  train();
  const DecryptedModel model = decrypted_model();
  const auto clear =
      ml::train_logistic(ml::signed_rows(data.features, data.target), *made.logistic).weights.back();
  EXPECT_LE(model.error_bound, 1e-3);
  expect_near_all(with_intercept_first(model.model), clear, model.error_bound);

  const auto unseen = examples(20, 2, true, 42);
  double bound = 0;
  const auto margins = predictions(unseen.features, at("model.enc"), &bound);
  expect_near_all(margins, ml::margins(ml::with_intercept(unseen.features), clear), bound);
}

INSTANTIATE_TEST_SUITE_P(Packings, CkksPackedPipeline,
                         ::testing::Values(PackedRows{0, 60, 1}, PackedRows{2, 5000, 2}, PackedRows{1, 60, 1},
                                           PackedRows{1, 9000, 2}, PackedRows{4, 60, 1}),
                         [](const auto& test) {
                           return "RowSlots" + std::to_string(test.param.row_slots) + "Rows" +
                                  std::to_string(test.param.rows);
                         });

TEST_F(CkksPipeline, LinearFromFilesToFiles) {
  const auto data = examples(60, 3, false, 43);
  const ml::Plan made =
      plan({.model = ml::ModelKind::kLinear, .rows = 60, .features = 3, .iterations = 2, .ridge = 0.05});
  keys();
  encrypt_training_rows({at("plan.json"), at("secret.key"), at("train.enc")}, data, nullptr, machine);
  train();
  const auto clear =
      ml::chebyshev_iterates(ml::normal_equations(data.features, data.target, 0.05), *made.linear).back();
  expect_near_all(decrypted_model().model.weights, clear, made.error_bound);
  const auto unseen = examples(20, 3, false, 44);
  double bound = 0;
  const auto margins = predictions(unseen.features, at("model.enc"), &bound);
  expect_near_all(margins, ml::margins(unseen.features, clear), bound);
}

TEST_F(CkksPipeline, ClearModelOnEncryptedRows) {
  save_clear_model(at("model.json"), {ml::ModelKind::kLogistic, {}, {0.5, -2, 1.25}, -0.75});
  const auto unseen = examples(50, 3, true, 45);
  const std::vector<double> weights{-0.75, 0.5, -2, 1.25};
  for (const int row_slots : {0, 1, 2, 4}) {  // with one slot a row, there are no evaluation keys
    const ml::Plan made = plan({.model = ml::ModelKind::kLogistic,
                                .job = ml::Job::kPredict,
                                .features = 3,
                                .predict_rows = 50,
                                .row_slots = row_slots});
    EXPECT_EQ(made.ckks->rotations().steps().empty(), made.ckks->packing.row_slots == 1);
    keys();
    double bound = 0;
    const auto margins = predictions(unseen.features, at("model.json"), &bound);
    EXPECT_LE(bound, 1e-3);
    expect_near_all(margins, ml::margins(ml::with_intercept(unseen.features), weights), bound);
    for (const char* name : {"plan.json", "secret.key", "evaluation.keys", "rows.enc", "predictions.enc"})
      fs::remove(at(name));
  }
}

TEST_F(CkksPipeline, RefusesWhatDoesNotBelongTogether) {
  const auto data = examples(40, 2, true, 46);
  const ml::JobRequest request{.model = ml::ModelKind::kLogistic, .rows = 40, .features = 2, .iterations = 1};
  plan(request);
  keys();
  EXPECT_THROW(keys(), Error);  // keys are there already
  // Evaluation keys without their secret key: refused before a secret key that fits nothing is written.
  fs::rename(at("secret.key"), at("elsewhere.key"));
  EXPECT_THROW(keys(), Error);
  EXPECT_FALSE(fs::exists(at("secret.key")));
  fs::rename(at("elsewhere.key"), at("secret.key"));
  const EncryptFiles files{at("plan.json"), at("secret.key"), at("train.enc")};
  EXPECT_THROW(encrypt_training_rows(files, examples(41, 2, true, 46), nullptr, machine), MismatchError);
  EXPECT_THROW(encrypt_training_rows(files, examples(40, 3, true, 46), nullptr, machine), MismatchError);
  auto far = examples(40, 2, true, 46);
  far.features(3, 1) = 17;
  EXPECT_THROW(encrypt_training_rows(files, far, nullptr, machine), Error);  // beyond the spectrum's cap
  EXPECT_THROW(encrypt_prediction_rows(files, far.features, nullptr, machine), ParametersError);
  far.features(3, 1) = NAN;
  EXPECT_THROW(encrypt_training_rows(files, far, nullptr, machine), ParametersError);
  EXPECT_THROW(encrypt_prediction_rows(files, far.features, nullptr, machine), ParametersError);
  EXPECT_FALSE(fs::exists(at("train.enc")));
  encrypt_training_rows(files, data, nullptr, machine);

  ml::JobRequest other = request;
  other.ridge = 0.5;
  save_plan(at("other.json"), ml::Planner(ml::Calibration::measure(select_kernels())).plan(other));
  EXPECT_THROW(
      train_ckks({at("other.json"), at("evaluation.keys"), at("train.enc"), at("model.enc")}, machine),
      MismatchError);
  EXPECT_THROW(train_ckks({at("plan.json"), at("train.enc"), at("train.enc"), at("model.enc")}, machine),
               Error);
  EXPECT_FALSE(fs::exists(at("model.enc")));
  train();
  EXPECT_THROW(train(), Error);  // never overwritten
}

// Writes a secret key where one is being made: another process that was faster.
class Faster final : public Progress {
 public:
  explicit Faster(fs::path path) : path_(std::move(path)) {}
  void update(std::string_view, std::uint64_t done, std::uint64_t) override {
    if (done == 1) write_file(path_, std::vector<std::uint8_t>{1, 2, 3});
  }

 private:
  fs::path path_;
};

TEST_F(CkksPipeline, AStoppedKeyGenerationLeavesNothingInTheWay) {
  const ml::Plan made = plan({.model = ml::ModelKind::kLogistic, .rows = 40, .features = 2, .iterations = 1});
  const std::uint64_t all = made.ckks->key_uses().keys();
  ASSERT_GT(all, 2);
  const auto files = [&] { return std::distance(fs::directory_iterator(folder), fs::directory_iterator()); };
  for (const std::uint64_t stopped_at : {std::uint64_t{1}, all / 2, all}) {
    Stop stop(stopped_at, "keygen");
    EXPECT_THROW(keys(Machine{select_kernels(), pool, stop}), Stop::Stopped);
    EXPECT_EQ(files(), 1) << stopped_at;  // the plan
  }
  // Nor do the halves of two keys come together.
  Faster faster(at("secret.key"));
  EXPECT_THROW(keys(Machine{select_kernels(), pool, faster}), Error);
  EXPECT_EQ(fs::file_size(at("secret.key")), 3);
  EXPECT_FALSE(fs::exists(at("evaluation.keys")));
  fs::remove(at("secret.key"));
  keys();
  EXPECT_EQ(files(), 3);
  EXPECT_EQ(fs::status(at("secret.key")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  // A key that was there stays as it is.
  fs::remove(at("evaluation.keys"));
  const auto before = read_file(at("secret.key"), 1 << 26);
  EXPECT_THROW(keys(), Error);
  const auto after = read_file(at("secret.key"), 1 << 26);
  EXPECT_TRUE(std::ranges::equal(before.span(), after.span()));
}

std::string refusal(const std::function<void()>& step) {
  try {
    step();
  } catch (const ParametersError& e) {
    return e.what();
  }
  return "nothing was refused";
}

TEST_F(CkksPipeline, RefusedValuesAreNamedByTheirPlace) {
  plan({.model = ml::ModelKind::kLinear, .rows = 40, .features = 3, .iterations = 1});
  const EncryptFiles files{at("plan.json"), at("secret.key"), at("train.enc")};
  const auto training = [&](auto change) {
    auto changed = examples(40, 3, false, 47);
    change(changed);
    return refusal([&] { encrypt_training_rows(files, changed, nullptr, machine); });
  };
  const auto predicting = [&](double value) {
    auto rows = examples(40, 3, false, 48).features;
    rows(5, 2) = value;
    return refusal([&] { encrypt_prediction_rows(files, rows, nullptr, machine); });
  };
  EXPECT_EQ(training([](auto& d) { d.target[7] = 1234.5; }),
            "encrypt: the target of row 7 (counted from 0) exceeds the plan's bound of 16; standardize the "
            "target, or plan with a larger feature_bound (--feature-bound)");
  EXPECT_EQ(training([](auto& d) { d.target[7] = NAN; }),
            "encrypt: the target of row 7 (counted from 0) is not a number; drop or impute such rows");
  const std::string place = "encrypt: the feature in column 2 of row 5 (counted from 0) ";
  const std::string not_a_number = place + "is not a number; drop or impute such rows";
  EXPECT_EQ(training([](auto& d) { d.features(5, 2) = NAN; }), not_a_number);
  EXPECT_EQ(predicting(NAN), not_a_number);
  const std::string exceeds = place +
                              "exceeds the plan's bound of 16; standardize or clip the features, or plan "
                              "with a larger feature_bound (--feature-bound)";
  for (const double value : {17.25, -17.25, static_cast<double>(INFINITY)})
    EXPECT_EQ(predicting(value), exceeds);
}

TEST_F(CkksPipeline, CheckpointsBelongToTheirPlanRowsAndKeys) {
  const auto data = examples(40, 2, true, 47);
  plan({.model = ml::ModelKind::kLogistic, .rows = 40, .features = 2, .iterations = 1});
  keys();
  for (const char* rows : {"train.enc", "again.enc"})
    encrypt_training_rows({at("plan.json"), at("secret.key"), at(rows)}, data, nullptr, machine);
  const CkksSession session(load_plan(at("plan.json")), machine);
  const auto open = [&](const char* rows) {
    return session.open_checkpoints(at("checkpoints"),
                                    session.open(at(rows), wire::PayloadType::kDataset, kTrainingRows),
                                    at("evaluation.keys"));
  };
  NoNotices notices;
  {
    auto checkpoints = open("train.enc");
    EXPECT_FALSE(checkpoints.load_latest(notices));
    TrainingState state{1, "iteration", {}};
    state.ciphertexts.push_back(
        session.open(at("train.enc"), wire::PayloadType::kDataset, kTrainingRows).load(0));
    checkpoints.save(state);
    // Two trainings in one folder are refused, before the keys are read.
    const TrainFiles files{at("plan.json"), at("evaluation.keys"), at("train.enc"), at("model.enc"),
                           at("checkpoints")};
    try {
      train_ckks(files, machine);
      FAIL();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kFailedPrecondition);
    }
    EXPECT_FALSE(fs::exists(at("model.enc")));
  }
  EXPECT_THROW(open("again.enc").load_latest(notices), MismatchError);  // the same values, encrypted anew
  EXPECT_EQ(open("train.enc").load_latest(notices)->iteration, 1u);
  fs::rename(at("evaluation.keys"), at("old.keys"));
  fs::rename(at("secret.key"), at("old.secret"));
  keys();
  EXPECT_THROW(open("train.enc").load_latest(notices), MismatchError);
  EXPECT_TRUE(fs::exists(at("checkpoints")));
}

TEST_F(CkksPipeline, MappedKeysTrainTheSameModel) {
  const auto data = examples(40, 2, true, 48);
  plan({.model = ml::ModelKind::kLogistic, .rows = 40, .features = 2, .iterations = 1});
  keys();
  encrypt_training_rows({at("plan.json"), at("secret.key"), at("train.enc")}, data, nullptr, machine);
  const auto model_with = [&](KeyMemory memory, const char* name) {
    Machine with = machine;
    with.key_memory = memory;
    train_ckks({at("plan.json"), at("evaluation.keys"), at("train.enc"), at(name), at("checkpoints")}, with);
    const auto bytes = read_file(at(name), 1 << 26);
    return std::vector<std::uint8_t>(bytes.begin(), bytes.end());
  };
  const auto due = model_with(KeyMemory::kLoaded, "loaded.enc");
  EXPECT_FALSE(fs::exists(at("evaluation.keys.expanded")));
  EXPECT_EQ(model_with(KeyMemory::kMapped, "made.enc"), due);
  EXPECT_TRUE(fs::exists(at("evaluation.keys.expanded")));
  EXPECT_EQ(model_with(KeyMemory::kMapped, "mapped.enc"), due);
  EXPECT_FALSE(fs::exists(at("checkpoints")));  // of a training that is finished nothing is left
}

// A plan that bootstraps takes the ring of 2^16 for its security, and keys of gigabytes.
class SlowCkksBootstrapping : public CkksPipeline {};

TEST_F(SlowCkksBootstrapping, KeysAreOfThePlannedSizes) {
  const ml::Plan made = plan({.model = ml::ModelKind::kLogistic,
                              .rows = 40,
                              .features = 2,
                              .iterations = 4,
                              .small_keys = true,
                              .iterations_per_bootstrap = 1});
  const rlwe::ParametersSpec chain = ckks::Parameters::chain(made.ckks->parameters);
  const ml::EvaluationKeyUses uses = made.ckks->key_uses();
  ASSERT_TRUE(uses.encapsulation);
  ASSERT_TRUE(
      std::ranges::any_of(uses.galois, [&](const auto& use) { return use.q_limbs < chain.q_primes.size(); }));
  keys();
  EXPECT_EQ(fs::file_size(at("evaluation.keys")), uses.encoded_bytes(chain) + rlwe::kContainerBytes);
  EXPECT_EQ(made.estimates.evaluation_key_bytes, uses.encoded_bytes(chain));
  const auto parameters = ckks::Parameters::create(made.ckks->parameters, machine.kernels);
  const auto reader = wire::ContainerReader::open(
      at("evaluation.keys"), {.type = wire::PayloadType::kEvaluationKeys, .plan_id = made.id()});
  EXPECT_EQ(reader.size(), uses.keys());
  EXPECT_EQ(wire::memory_bytes_of_keys(reader, *parameters->rlwe()), uses.memory_bytes(chain));
  // A session's limits are exactly those, and its keys the planned ones.
  const auto loaded = CkksSession(made, machine).open_keys(at("evaluation.keys"));
  EXPECT_TRUE(loaded.has_encapsulation());
  EXPECT_EQ(loaded.relinearization().q_limbs(), uses.relinearization_limbs);
  ASSERT_EQ(loaded.galois_keys().size(), uses.galois.size());
  for (const auto& use : uses.galois)
    EXPECT_EQ(loaded.galois(use.element, "test").key.q_limbs(), use.q_limbs);
}

TEST_F(CkksPipeline, EditedPlansAreRefused) {
  plan({.model = ml::ModelKind::kLogistic, .rows = 40, .features = 2, .iterations = 2});
  std::ifstream in(at("plan.json"));
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  for (const auto& [from, to] :
       {std::pair<std::string, std::string>{"\"scale_bits\": 3", "\"scale_bits\": 2"},
        {"\"error_bound\"", "\"error_bound_\""},
        {"\"rows\": 40", "\"rows\": 39"},
        {"{", "["}}) {
    std::string edited = text;
    const auto where = edited.find(from);
    ASSERT_NE(where, std::string::npos) << from;
    edited.replace(where, from.size(), to);
    write_file(at("edited.json"), {reinterpret_cast<const std::uint8_t*>(edited.data()), edited.size()},
               Overwrite::kReplace);
    EXPECT_THROW(load_plan(at("edited.json")), Error) << to;
  }
}

// The yardsticks on the real tables, where they are at hand.
class SlowCkksRealData : public CkksPipeline {
 protected:
  data::Table table(const char* name) {
    const fs::path path = fs::path(CLOISTER_DEFAULT_DATA_DIR) / name;
    return data::read_csv(path);
  }
  static bool absent(const char* name) { return !fs::exists(fs::path(CLOISTER_DEFAULT_DATA_DIR) / name); }
};

TEST_F(SlowCkksRealData, ChdReferencePreparation) {
  if (absent("framingham.csv")) GTEST_SKIP() << "the data folder is not there";
  const auto split = data::prepare_split(
      table("framingham.csv"), {.target = "TenYearCHD",
                                .drop = {"education", "currentSmoker", "BPMeds", "diabetes", "diaBP", "BMI"},
                                .keep = {},
                                .missing = data::MissingPolicy::kDropIncompleteRows,
                                .balance = true,
                                .clip = 16});
  ASSERT_EQ(split.train.features.rows, 780u);
  const ml::Plan made = plan(
      {.model = ml::ModelKind::kLogistic, .rows = 780, .features = 9, .predict_rows = 334, .iterations = 5});
  keys();
  encrypt_training_rows({at("plan.json"), at("secret.key"), at("train.enc")}, split.train, nullptr, machine);
  train();
  const auto clear =
      ml::train_logistic(ml::signed_rows(split.train.features, split.train.target), *made.logistic)
          .weights.back();
  const DecryptedModel model = decrypted_model();
  EXPECT_LE(model.error_bound, 1e-3);
  expect_near_all(with_intercept_first(model.model), clear, model.error_bound);
  double bound = 0;
  const auto margins = predictions(split.test.features, at("model.enc"), &bound);
  const auto exact = ml::margins(ml::with_intercept(split.test.features), clear);
  expect_near_all(margins, exact, bound);
  const auto accuracy = [&](std::span<const double> z) {
    return data::confusion(z, split.test.target, 0).accuracy();
  };
  EXPECT_NEAR(accuracy(margins), accuracy(exact), 0.006);
}

}  // namespace
}  // namespace cloister::pipeline
