#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "cloister/base/testing/temporary_folder.h"
#include "cloister/ml/paillier_planner.h"
#include "cloister/paillier/testing/test_parties.h"
#include "cloister/pipeline/owner/paillier_owner.h"
#include "cloister/pipeline/owner/sums_owner.h"
#include "cloister/pipeline/paillier_server.h"
#include "cloister/pipeline/paillier_session.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::pipeline {

namespace fs = std::filesystem;
using paillier::TestParties;

inline constexpr int kTestBits = 2048;  // of the fixed key

inline double unit(Prng& prng) { return std::ldexp(static_cast<double>(prng.next_u64() >> 11), -52) - 1; }

// Columns of variance one and mean 0.1 column, and a target that depends on them.
inline data::Examples examples(std::size_t rows, std::size_t features, std::uint64_t stream) {
  Prng prng(Seed(Bytes32{}), stream);
  data::Examples out;
  out.features = data::Matrix(rows, features);
  for (std::size_t i = 0; i < rows; ++i) {
    double y = 0.3 * unit(prng) - 0.2;
    for (std::size_t j = 0; j < features; ++j) {
      out.features(i, j) = std::sqrt(3.0) * unit(prng) + 0.1 * static_cast<double>(j);
      y += out.features(i, j) * (j % 2 == 0 ? 0.5 : -0.3);
    }
    out.target.push_back(y);
  }
  return out;
}

inline void append(data::Examples& to, const data::Examples& more) {
  to.features.rows += more.features.rows;
  to.features.columns = more.features.columns;
  to.features.values.insert(to.features.values.end(), more.features.values.begin(),
                            more.features.values.end());
  to.target.insert(to.target.end(), more.target.begin(), more.target.end());
}

inline ml::JobRequest predict_request(ml::ModelKind model, std::uint32_t features) {
  return {.model = model, .scheme = ml::Scheme::kPaillier, .job = ml::Job::kPredict, .features = features};
}
inline ml::JobRequest sums_request(std::uint64_t rows, std::uint32_t features) {
  return {.model = ml::ModelKind::kLinear,
          .scheme = ml::Scheme::kPaillier,
          .job = ml::Job::kAggregate,
          .rows = rows,
          .features = features};
}

// One owner of a key, further owners who have its public part, and a server, in one folder.
class PaillierPipeline : public ::testing::Test {
 protected:
  fs::path at(const std::string& name) const { return folder / name; }

  // A plan, and the fixed key in the files that generate_paillier_keys would write.
  void plan_with_fixed_key(const ml::JobRequest& request) {
    const ml::Plan plan = ml::plan_paillier(request, kTestBits);
    save_plan(at("plan.json"), plan);
    save_fixed_key(plan, wire::Protection::none_at_callers_word());
  }
  void save_fixed_key(const ml::Plan& plan, const wire::Protection& protection) {
    const auto secret = TestParties::load();
    wire::save_secret(at("secret.key"), paillier::encode_secret_key(secret).span(),
                      wire::PayloadType::kPaillierSecretKey, plan.id(), protection);
    PaillierSession(plan, plan.request.job, machine).save_public_key(at("public.key"), secret.public_key());
  }
  void replace_plan(const ml::JobRequest& request) {
    save_plan(at("plan.json"), ml::plan_paillier(request, kTestBits), Overwrite::kReplace);
  }

  ClearModel server_model(ml::ModelKind kind, std::size_t features) {
    ClearModel model{kind, {}, {}, -0.75};
    for (std::size_t j = 0; j < features; ++j)
      model.weights.push_back(j % 2 == 0 ? 0.31 * (j + 1.0) : -1.7 / (j + 1.0));
    save_clear_model(at("model.json"), model);
    return model;
  }
  PaillierEncryptFiles to(const std::string& name, bool with_secret = false) const {
    PaillierEncryptFiles files{at("plan.json"), at("public.key"), std::nullopt, at(name)};
    if (with_secret) files.secret_key = at("secret.key");
    return files;
  }
  void encrypt_rows(const data::Matrix& rows, bool with_secret = true) {
    encrypt_paillier_rows(to("rows.enc", with_secret), rows, nullptr, machine);
  }
  void predict() {
    predict_paillier(
        {at("plan.json"), at("public.key"), at("rows.enc"), at("model.json"), at("predictions.enc")},
        machine);
  }
  DecryptedPredictions predictions(const wire::Passphrase* passphrase = nullptr) {
    return decrypt_paillier_predictions({at("plan.json"), at("secret.key"), at("predictions.enc")},
                                        passphrase, machine);
  }
  void encrypt_sums(const std::string& name, const data::Examples& rows) {
    encrypt_paillier_sums(to(name), rows, nullptr, machine);
  }
  void aggregate(std::vector<fs::path> sums) {
    aggregate_paillier({at("plan.json"), at("public.key"), std::move(sums), at("sums.enc")}, machine);
  }
  DecryptedRegression regression() {
    return decrypt_paillier_sums({at("plan.json"), at("secret.key"), at("sums.enc")}, nullptr, machine);
  }

  TemporaryFolder temporary;
  fs::path folder = temporary.path();
  ThreadPool pool{2};
  NoProgress progress;
  Machine machine{scalar_kernels(), pool, progress};
};

class SlowPaillierPipeline : public PaillierPipeline {
 protected:
  void plan_and_keys(const ml::JobRequest& request) {
    const ml::Plan plan = ml::plan_paillier(request);
    EXPECT_EQ(plan.paillier->modulus_bits, 3072);
    save_plan(at("plan.json"), plan, Overwrite::kReplace);
    generate_paillier_keys({at("plan.json"), at("secret.key"), at("public.key")},
                           wire::Protection::none_at_callers_word(), machine);
  }
};

}  // namespace cloister::pipeline
