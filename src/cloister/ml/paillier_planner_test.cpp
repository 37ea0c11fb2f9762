#include "cloister/ml/paillier_planner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "cloister/ml/planner.h"

namespace cloister::ml {
namespace {

JobRequest predict_request() {
  return {.model = ModelKind::kLogistic,
          .scheme = Scheme::kPaillier,
          .job = Job::kPredict,
          .features = 15,
          .predict_rows = 1000};
}

JobRequest sums_request() {
  return {.model = ModelKind::kLinear,
          .scheme = Scheme::kPaillier,
          .job = Job::kAggregate,
          .rows = 1000,
          .features = 4};
}

JobRequest statistics_request() {
  return {.model = ModelKind::kLinear,
          .scheme = Scheme::kPaillier,
          .job = Job::kStatistics,
          .rows = 1'000'000,
          .features = 20,
          .bins = 10,
          .column_ranges = Bytes32{1, 2, 3}};
}

std::string refusal(const JobRequest& request) {
  try {
    plan_paillier(request);
  } catch (const PrecisionError& e) {
    return e.what();
  }
  return "";
}

TEST(PaillierPlanner, PacksPredictionsAsTightlyAsTheirBoundAllows) {
  const Plan plan = plan_paillier(predict_request());
  const PaillierPlan& p = *plan.paillier;
  EXPECT_EQ(p.modulus_bits, 3072);
  EXPECT_EQ(p.value_fraction_bits, 24);
  EXPECT_EQ(p.value_integer_bits, 4);   // 16
  EXPECT_EQ(p.weight_integer_bits, 6);  // 64
  // 16 products of 28 and 30 bits: 2^62 is the largest margin, and it has a sign.
  EXPECT_EQ(p.bits_per_slot, 64u);
  EXPECT_EQ(p.slots, 3071u / 64);
  // 15 (64 + 16) + 1 halves of the last place.
  EXPECT_DOUBLE_EQ(plan.error_bound, std::ldexp(1201.0, -25));
  const auto margins = margin_format(plan, 10);
  EXPECT_FALSE(margins.fault(p.modulus_bits).has_value());
  EXPECT_EQ(margins.bound, BigInteger::power_of_two(62));
  EXPECT_FALSE(column_format(plan, 10).fault(p.modulus_bits).has_value());
}

TEST(PaillierPlanner, TakesMoreBitsWhereTheErrorAsksForThem) {
  JobRequest request = predict_request();
  request.max_error = 1e-9;
  const Plan plan = plan_paillier(request);
  EXPECT_LE(plan.error_bound, 1e-9);
  EXPECT_GT(2 * plan.error_bound, 1e-9);  // one bit fewer would not do
}

TEST(PaillierPlanner, PlansSumsThatAreAsGoodAsExact) {
  const Plan plan = plan_paillier(sums_request());
  EXPECT_EQ(plan.paillier->value_fraction_bits, 32);
  EXPECT_LE(plan.error_bound, 1e-6);
  const auto sums = sums_plan(plan);
  EXPECT_EQ(sums.max_rows, 1000u);
  EXPECT_EQ((paillier::Packing{plan.paillier->slots, plan.paillier->bits_per_slot}), sums.packing(3072));
}

TEST(PaillierPlanner, PlansStatisticsWithCountsBesideTheMoments) {
  const Plan plan = plan_paillier(statistics_request());
  EXPECT_EQ(plan.paillier->value_fraction_bits, 40);
  EXPECT_DOUBLE_EQ(plan.error_bound, std::ldexp(1.0, -41));  // half a last place, in the column's unit
  const auto sums = sums_plan(plan);
  EXPECT_EQ(sums.columns, 20u);                             // no target beside them
  EXPECT_EQ(sums.bins, 12u);                                // two for what lies outside
  EXPECT_EQ(sums.counts_packing(3072).bits_per_slot, 21u);  // a million and a sign
  // 231 moments of 2 44 + 20 + 1 bits, 28 a ciphertext, and 240 counts, 146 a ciphertext.
  const double ciphertexts = 9 + 2;
  EXPECT_NEAR(static_cast<double>(plan.estimates.dataset_bytes), ciphertexts * 768, 1500);
  EXPECT_GT(plan.estimates.encrypt_seconds, 0);

  JobRequest without = statistics_request();
  without.bins = 0;
  EXPECT_EQ(sums_plan(plan_paillier(without)).bins, 0u);
  EXPECT_LT(plan_paillier(without).estimates.dataset_bytes, plan.estimates.dataset_bytes);
}

TEST(PaillierPlanner, RefusesStatisticsThatMakeNoSense) {
  EXPECT_NO_THROW(check_request(statistics_request()));
  const auto refused = [](auto change) {
    JobRequest request = statistics_request();
    change(request);
    EXPECT_THROW(check_request(request), ParametersError);
  };
  refused([](JobRequest& r) { r.scheme = Scheme::kCkks; });
  refused([](JobRequest& r) { r.column_ranges.reset(); });
  refused([](JobRequest& r) { r.bins = kMaxHistogramBins + 1; });
  refused([](JobRequest& r) { r.ridge = 1; });
  refused([](JobRequest& r) { r.rows = 0; });
  refused([](JobRequest& r) { r.job = Job::kAggregate; });  // no bins in a regression
  JobRequest one_row = statistics_request();
  one_row.rows = 1;  // unlike a regression, statistics need no more rows than columns
  EXPECT_NO_THROW(check_request(one_row));
}

TEST(PaillierPlanner, EditedStatisticsAreRefused) {
  const auto json = plan_paillier(statistics_request()).to_json();
  const auto edited = [&](const char* field, const nlohmann::ordered_json& value) {
    auto out = json;
    out["request"][field] = value;
    return out;
  };
  EXPECT_NE(Plan::from_json(edited("bins", 11)).id(), Plan::from_json(json).id());  // bound by the id
  EXPECT_THROW(Plan::from_json(edited("bins", kMaxHistogramBins + 1)), DecodeError);
  EXPECT_THROW(Plan::from_json(edited("column_ranges", "00")), DecodeError);
  EXPECT_THROW(Plan::from_json(edited("column_ranges", "zz")), DecodeError);
  EXPECT_THROW(Plan::from_json(edited("model", "linear")), DecodeError);  // statistics have none
}

TEST(PaillierPlanner, TakesFewerBitsForSumsWhereTheRowsAskForIt) {
  JobRequest request = sums_request();
  request.rows = std::uint64_t{1} << 40;
  request.feature_bound = 1 << 12;
  const Plan plan = plan_paillier(request);
  // 2 (f + 12) + 40 <= 126
  EXPECT_EQ(plan.paillier->value_fraction_bits, 31);
  EXPECT_LE(plan.error_bound, request.max_error);
}

TEST(PaillierPlanner, NamesTheNearestJobThatFits) {
  JobRequest request = sums_request();
  request.rows = std::uint64_t{1} << 40;
  request.feature_bound = 1 << 19;
  request.max_error = 1e-5;
  const std::string text = refusal(request);
  const auto place = text.find("fits has ");
  ASSERT_NE(place, std::string::npos) << text;
  request.rows = std::stoull(text.substr(place + 9));
  EXPECT_EQ(refusal(request), "");
  request.rows *= 2;  // rows enter the bound as a power of two's bits
  EXPECT_NE(refusal(request), "");

  request = predict_request();
  request.max_error = 1e-15;
  const std::string precise = refusal(request);
  const auto error = precise.find("--max-error ");
  ASSERT_NE(error, std::string::npos) << precise;
  request.max_error = std::stod(precise.substr(error + 12)) * (1 + 1e-5);  // six digits are printed
  EXPECT_EQ(refusal(request), "");
}

TEST(PaillierPlanner, EstimatesGrowWithTheWork) {
  const Plan plan = plan_paillier(predict_request());
  EXPECT_GT(plan.estimates.keygen_seconds, 0);
  EXPECT_GT(plan.estimates.encrypt_seconds, plan.estimates.predict_seconds);
  JobRequest larger = predict_request();
  larger.predict_rows *= 10;
  const Plan more = plan_paillier(larger);
  EXPECT_NEAR(static_cast<double>(more.estimates.dataset_bytes) / plan.estimates.dataset_bytes, 10, 0.5);
  EXPECT_EQ(more.estimates.server_memory_bytes, plan.estimates.server_memory_bytes);
  EXPECT_EQ(more.estimates.evaluation_key_bytes, plan.estimates.evaluation_key_bytes);
}

TEST(PaillierPlanner, PlansSurviveTheirFileAndKeepTheirId) {
  for (const JobRequest& request : {predict_request(), sums_request(), statistics_request()}) {
    const Plan plan = Planner({}).plan(request);
    const Plan again = Plan::from_json(nlohmann::ordered_json::parse(plan.to_json().dump()));
    EXPECT_EQ(again.id(), plan.id());
    EXPECT_EQ(again.paillier, plan.paillier);
    EXPECT_EQ(again.request.bins, request.bins);
    EXPECT_EQ(again.request.column_ranges, request.column_ranges);
    EXPECT_EQ(again.error_bound, plan.error_bound);
    EXPECT_EQ(again.estimates.dataset_bytes, plan.estimates.dataset_bytes);
  }
}

TEST(PaillierPlanner, EditedPlansAreRefused) {
  const auto json = plan_paillier(predict_request()).to_json();
  const auto edited = [&](const char* field, int value) {
    auto out = json;
    out["paillier"][field] = value;
    return out;
  };
  EXPECT_THROW(Plan::from_json(edited("slots", 1)), DecodeError);
  EXPECT_THROW(Plan::from_json(edited("value_fraction_bits", 10)), DecodeError);
  EXPECT_THROW(Plan::from_json(edited("modulus_bits", 1024)), SecurityError);
  EXPECT_THROW(Plan::from_json(edited("modulus_bits", 9000)), DecodeError);
  auto trains = json;
  trains["request"]["job"] = "train";
  EXPECT_THROW(Plan::from_json(trains), DecodeError);
  EXPECT_THROW(plan_paillier(predict_request(), 1024), SecurityError);
}

}  // namespace
}  // namespace cloister::ml
