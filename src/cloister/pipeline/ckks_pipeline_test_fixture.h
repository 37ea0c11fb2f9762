#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cloister/base/testing/temporary_folder.h"
#include "cloister/ml/planner.h"
#include "cloister/pipeline/ckks_server.h"
#include "cloister/pipeline/owner/ckks_owner.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::pipeline {

namespace fs = std::filesystem;

class CkksPipeline : public ::testing::Test {
 protected:
  fs::path at(const std::string& name) const { return folder / name; }

  ml::Plan plan(ml::JobRequest request) {
    request.threads = pool.threads();
    const ml::Plan made = ml::Planner(ml::Calibration::measure(select_kernels())).plan(request);
    save_plan(at("plan.json"), made);
    EXPECT_EQ(load_plan(at("plan.json")).id(), made.id());
    return made;
  }
  void keys() { keys(machine); }
  void keys(const Machine& with) {
    generate_ckks_keys({at("plan.json"), at("secret.key"), at("evaluation.keys")},
                       wire::Protection::none_at_callers_word(), with);
  }
  void train() {
    train_ckks({at("plan.json"), at("evaluation.keys"), at("train.enc"), at("model.enc")}, machine);
  }
  // Everything up to the training.
  ml::Plan prepare(const ml::JobRequest& request, const data::Examples& data) {
    ml::Plan made = plan(request);
    keys();
    encrypt_training_rows({at("plan.json"), at("secret.key"), at("train.enc")}, data, nullptr, machine);
    return made;
  }
  // The bytes of a model, trained with checkpoints.
  std::vector<std::uint8_t> trained(const char* name, const Machine& with) {
    train_ckks({at("plan.json"), at("evaluation.keys"), at("train.enc"), at(name), at("checkpoints")}, with);
    const auto bytes = read_file(at(name), 1 << 26);
    return {bytes.begin(), bytes.end()};
  }
  std::vector<double> predictions(const data::Matrix& rows, const fs::path& model, double* bound) {
    encrypt_prediction_rows({at("plan.json"), at("secret.key"), at("rows.enc")}, rows, nullptr, machine);
    predict_ckks({at("plan.json"), at("evaluation.keys"), at("rows.enc"), model, at("predictions.enc")},
                 machine);
    const auto out = decrypt_ckks_predictions({at("plan.json"), at("secret.key"), at("predictions.enc")},
                                              nullptr, machine);
    *bound = out.error_bound;
    return out.margins;
  }
  DecryptedModel decrypted_model() {
    return decrypt_ckks_model({at("plan.json"), at("secret.key"), at("model.enc")}, nullptr, machine);
  }

  TemporaryFolder temporary;
  fs::path folder = temporary.path();
  ThreadPool pool{2};
  NoProgress progress;
  Machine machine{select_kernels(), pool, progress};
};

// Stops a training, or another stage, at a moment, between two of its operations.
class Stop final : public Progress {
 public:
  struct Stopped {};
  explicit Stop(std::uint64_t at, std::string stage = "train") : at_(at), stage_(std::move(stage)) {}
  void update(std::string_view stage, std::uint64_t done, std::uint64_t) override {
    if (stage == stage_ && done >= at_) throw Stopped{};
  }

 private:
  std::uint64_t at_;
  std::string stage_;
};

inline double unit(Prng& prng) { return std::ldexp(static_cast<double>(prng.next_u64() >> 11), -52) - 1; }

inline data::Examples examples(std::size_t rows, std::size_t features, bool labels, std::uint64_t stream) {
  Prng prng(Seed(Bytes32{}), stream);
  data::Examples out;
  out.features = data::Matrix(rows, features);
  for (std::size_t i = 0; i < rows; ++i) {
    double y = 0.3 * unit(prng);
    for (std::size_t j = 0; j < features; ++j) {
      out.features(i, j) = std::sqrt(3.0) * unit(prng);
      y += out.features(i, j) * (j % 2 == 0 ? 0.5 : -0.3);
    }
    out.target.push_back(labels ? (y > 0 ? 1 : 0) : y);
  }
  return out;
}

inline void expect_near_all(std::span<const double> got, std::span<const double> expected, double bound) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_LE(std::abs(got[i] - expected[i]), bound) << i;
}

inline std::vector<double> with_intercept_first(const ClearModel& model) {
  std::vector<double> out{model.intercept};
  out.insert(out.end(), model.weights.begin(), model.weights.end());
  return out;
}

}  // namespace cloister::pipeline
