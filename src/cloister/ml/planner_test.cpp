#include "cloister/ml/planner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "cloister/ml/linear_trainer.h"
#include "cloister/ml/logistic_trainer.h"
#include "cloister/ml/noise_model.h"
#include "cloister/rlwe/security.h"

namespace cloister::ml {
namespace {

// A made-up machine, so that plans do not depend on this one.
constexpr Calibration kMachine{.butterfly_ns = 1.5,
                               .multiply_add_ns = 1,
                               .stream_ns = 0.7,
                               .sample_ns = 3,
                               .fetch_ns = 0.3,
                               .touch_ns = 1.5,
                               .file_ns = 3};

Plan planned(const JobRequest& request) { return Planner(kMachine).plan(request); }

JobRequest chd() {
  return {.model = ModelKind::kLogistic, .rows = 780, .features = 9, .predict_rows = 334, .iterations = 5};
}
JobRequest salary() { return {.model = ModelKind::kLinear, .rows = 1000, .features = 4, .iterations = 4}; }
JobRequest prediction() {
  return {.model = ModelKind::kLogistic, .job = Job::kPredict, .features = 9, .predict_rows = 334};
}

class PlannedJobs : public ::testing::TestWithParam<JobRequest> {};

TEST_P(PlannedJobs, KeepSecurityErrorAndLevels) {
  const Plan plan = planned(GetParam());
  ASSERT_TRUE(plan.ckks);
  const CkksPlan& c = *plan.ckks;
  double log2_qp = 0;
  const auto chain = ckks::Parameters::chain(c.parameters);
  for (const auto* primes : {&chain.q_primes, &chain.p_primes})
    for (const auto p : *primes) log2_qp += std::log2(static_cast<double>(p));
  EXPECT_LE(log2_qp, rlwe::max_log2_modulus(c.parameters.log2_degree));
  EXPECT_GT(plan.error_bound, 0);
  EXPECT_LE(plan.error_bound, plan.request.max_error);
  EXPECT_EQ(c.parameters.levels, c.data_level);
  // The steps follow one another from the data's level down to 0.
  int level = c.data_level;
  for (const PlanStep& s : plan.steps) {
    EXPECT_EQ(s.level_before, level) << s.name;
    EXPECT_LT(s.level_after, s.level_before) << s.name;
    level = s.level_after;
  }
  EXPECT_EQ(level, 0);
  EXPECT_GT(plan.estimates.evaluation_key_bytes, 0u);
  EXPECT_GT(plan.estimates.dataset_bytes, 0u);
}

TEST_P(PlannedJobs, TravelAsJsonUnchanged) {
  const Plan plan = planned(GetParam());
  const Plan copy = Plan::from_json(nlohmann::ordered_json::parse(plan.to_json().dump(2)));
  EXPECT_EQ(copy.to_json().dump(), plan.to_json().dump());
  EXPECT_EQ(copy.id(), plan.id());
  EXPECT_EQ(copy.ckks, plan.ckks);
  EXPECT_EQ(copy.steps, plan.steps);
}

TEST_P(PlannedJobs, IdsBindWhatMattersAndNotTheMachine) {
  const Plan plan = planned(GetParam());
  Plan elsewhere = plan;
  elsewhere.request.threads = 7;
  elsewhere.estimates.train_seconds *= 3;
  elsewhere.alternatives.clear();
  EXPECT_EQ(elsewhere.id(), plan.id());
  JobRequest other = GetParam();
  other.features += 1;
  EXPECT_NE(planned(other).id(), plan.id());
}

TEST_P(PlannedJobs, SmallKeysUploadLess) {
  JobRequest small = GetParam();
  small.small_keys = true;
  const auto upload = [](const Plan& p) {
    return p.estimates.evaluation_key_bytes + p.estimates.dataset_bytes;
  };
  const Plan least = planned(small);
  EXPECT_LE(upload(least), upload(planned(GetParam())));
  for (const Alternative& a : least.alternatives) EXPECT_GE(a.upload_bytes, upload(least));
}

INSTANTIATE_TEST_SUITE_P(Jobs, PlannedJobs, ::testing::Values(chd(), salary(), prediction()),
                         [](const auto& job) {
                           return std::string(to_string(job.param.model)) + "_" +
                                  std::string(to_string(job.param.job));
                         });

TEST(Planner, AlternativesTradeTimeForBytes) {
  const Plan plan = planned(chd());
  ASSERT_GE(plan.alternatives.size(), 2u);
  for (std::size_t i = 1; i < plan.alternatives.size(); ++i) {
    EXPECT_GE(plan.alternatives[i].train_seconds, plan.alternatives[i - 1].train_seconds);
    EXPECT_LT(plan.alternatives[i].upload_bytes, plan.alternatives[i - 1].upload_bytes);
  }
}

TEST(Planner, ReferenceTableUploadsLessThanTheRowsOfItsPeer) {
  // 683 MB: TenSEAL's encryption of the same 780 rows.
  const Plan plan = planned(chd());
  EXPECT_LT(plan.estimates.evaluation_key_bytes + plan.estimates.dataset_bytes, 683'000'000u);
}

TEST(Planner, NamesTheNearestJobThatFits) {
  JobRequest request = chd();
  request.iterations = 40;
  try {
    planned(request);
    FAIL();
  } catch (const PrecisionError& e) {
    const std::string message = e.what();
    const auto at = message.find("--iterations ");
    ASSERT_NE(at, std::string::npos) << message;
    request.iterations = std::stoi(message.substr(at + 13));
    EXPECT_NO_THROW(planned(request));
    ++request.iterations;
    EXPECT_THROW(planned(request), PrecisionError);
  }
}

TEST(Planner, RefusesWhatMakesNoSense) {
  const auto refused = [](auto change) {
    JobRequest request = chd();
    change(request);
    EXPECT_THROW(planned(request), ParametersError);
  };
  refused([](JobRequest& r) { r.features = 0; });
  refused([](JobRequest& r) { r.features = 5000; });
  refused([](JobRequest& r) { r.rows = 9; });
  refused([](JobRequest& r) { r.iterations = -1; });
  refused([](JobRequest& r) { r.max_error = 0; });
  refused([](JobRequest& r) { r.ridge = NAN; });
  refused([](JobRequest& r) { r.scheme = Scheme::kPaillier; });
  refused([](JobRequest& r) { r.job = Job::kAggregate; });
}

TEST(Planner, DamagedPlansAreRefusedByField) {
  const auto json = planned(chd()).to_json();
  for (const auto& field : {"/request/rows", "/ckks/scale_bits", "/ckks/digits", "/schedule/sigmoid_degree",
                            "/format", "/ckks/log2_degree", "/request/model"}) {
    auto damaged = json;
    damaged[nlohmann::ordered_json::json_pointer(field)] = "x";
    EXPECT_THROW(Plan::from_json(damaged), DecodeError) << field;
    auto flat = json.flatten();
    flat.erase(field);
    EXPECT_THROW(Plan::from_json(flat.unflatten()), DecodeError) << field;
  }
  auto weaker = json;
  weaker["ckks"]["scale_bits"] = 55;  // no longer within the table
  EXPECT_THROW(Plan::from_json(weaker), Error);
}

TEST(NoiseModel, FallsWithTheScaleAsTheFormulasSay) {
  const Plan plan = planned(chd());
  CkksPlan wider = *plan.ckks;
  wider.parameters.scale_bits += 2;
  const auto at = [&](const CkksPlan& c) {
    return logistic_injected_error(ckks::Parameters::chain(c.parameters), c, plan.request, *plan.logistic)
        .per_iteration;
  };
  // Every term is proportional to 1 / scale; chains differ in their last bits.
  EXPECT_NEAR(at(*plan.ckks) / at(wider), 4, 0.05);
}

}  // namespace
}  // namespace cloister::ml
