#include "cloister/ml/planner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cloister/ml/linear_trainer.h"
#include "cloister/ml/logistic_trainer.h"
#include "cloister/ml/noise_model.h"
#include "cloister/ml/planner_test_fixture.h"
#include "cloister/rlwe/security.h"

namespace cloister::ml {
namespace {

JobRequest chd() {
  return {.model = ModelKind::kLogistic, .rows = 780, .features = 9, .predict_rows = 334, .iterations = 5};
}
JobRequest salary() { return {.model = ModelKind::kLinear, .rows = 1000, .features = 4, .iterations = 4}; }
JobRequest many_rows() {
  return {
      .model = ModelKind::kLogistic, .rows = 100'000, .features = 16, .predict_rows = 100, .iterations = 3};
}
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
  // A clear model whose rows have one slot each takes no keys at all.
  EXPECT_EQ(plan.estimates.evaluation_key_bytes == 0,
            plan.request.job == Job::kPredict && c.packing.row_slots == 1);
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

INSTANTIATE_TEST_SUITE_P(Jobs, PlannedJobs, ::testing::Values(chd(), salary(), many_rows(), prediction()),
                         [](const auto& job) {
                           return std::string(to_string(job.param.model)) + "_" +
                                  std::string(to_string(job.param.job)) + "_" +
                                  std::to_string(job.param.rows);
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

// Few rows lie whole; where they would fill several blocks, they get as few slots as make them fill one; and
// where even one slot a row makes several blocks, the polynomial is evaluated once for each of those.
TEST(Planner, ChoosesSlotsByTheRows) {
  const auto packing = [](std::uint64_t rows, std::uint32_t features) {
    JobRequest request = chd();
    request.rows = rows;
    request.features = features;
    return planned(request).ckks->packing;
  };
  for (const std::uint64_t rows : {400u, 780u}) {
    const StripPacking few = packing(rows, 9);
    EXPECT_LE(few.strips(), 2u) << rows;
    EXPECT_EQ(few.blocks(rows), 1u) << rows;
  }
  for (const auto& [rows, features] : {std::pair{3656u, 15u}, std::pair{1579u, 18u}}) {
    const StripPacking some = packing(rows, features);
    EXPECT_GT(some.strips(), 1u) << rows;
    EXPECT_GT(some.row_slots, 1u) << rows;
    EXPECT_EQ(some.blocks(rows), 1u) << rows;
  }
  for (const std::uint32_t features : {9u, 16u, 30u}) {
    const StripPacking many = packing(200'000, features);
    EXPECT_EQ(many.row_slots, 1u) << features;
    EXPECT_GT(many.blocks(200'000), 1u) << features;
  }
}

TEST(Planner, StripsTakeLessTimeThanWholeRows) {
  JobRequest whole = many_rows();
  whole.row_slots = 32;
  const Plan strips = planned(many_rows());
  EXPECT_EQ(planned(whole).ckks->packing.strips(), 1u);
  EXPECT_LT(5 * strips.estimates.train_seconds, planned(whole).estimates.train_seconds);
  EXPECT_LE(strips.estimates.server_memory_bytes, kMaxStripMemoryBytes);
}

TEST(Planner, StripsTakeNoMoreLevels) {
  for (const int row_slots : {1, 2, 8, 16}) {
    JobRequest request = chd();
    request.row_slots = row_slots;
    request.sigmoid_degree = 3;
    const Plan plan = planned(request);
    EXPECT_EQ(plan.ckks->packing.row_slots, static_cast<std::size_t>(row_slots));
    EXPECT_EQ(plan.ckks->data_level, 1 + 4 * 4 + kPredictionLevels);
    // Keys are made for what is used.
    const auto steps = plan.ckks->rotations().steps();
    EXPECT_EQ(std::ranges::count(steps, -row_slots), row_slots < 16 ? 1 : 0);
    EXPECT_EQ(std::ranges::count(steps, 1), 1);  // within a row, or from strip to strip
  }
}

TEST(Planner, MemoryOfStripsIsBounded) {
  JobRequest request = chd();
  request.rows = 1'000'000;
  request.features = 1000;
  const Plan plan = planned(request);
  EXPECT_TRUE(plan.ckks->packing.strips() == 1 || plan.estimates.server_memory_bytes <= kMaxStripMemoryBytes);
  request.row_slots = 1;  // an expert's word
  EXPECT_GT(planned(request).estimates.server_memory_bytes, kMaxStripMemoryBytes);
}

TEST(Planner, PredictionsOfFewRowsTakeFewCiphertexts) {
  JobRequest request = prediction();
  request.predict_rows = 3;
  const Plan plan = planned(request);
  // A second ciphertext may cost less than the key that it spares, but sixteen do not.
  EXPECT_LE(plan.ckks->packing.ciphertexts(3), 2u);
  JobRequest whole = request;
  whole.row_slots = 16;
  const auto cost = [](const Estimates& e) {
    return e.keygen_seconds + e.encrypt_seconds + e.predict_seconds +
           static_cast<double>(e.evaluation_key_bytes + e.dataset_bytes) / kUploadBytesPerSecond;
  };
  EXPECT_LE(cost(plan.estimates), cost(planned(whole).estimates));
  request.predict_rows = 1'000'000;
  EXPECT_EQ(planned(request).ckks->packing.row_slots, 1u);
}

TEST(Planner, FixesWhereToStopFromPublicBounds) {
  JobRequest request = chd();
  EXPECT_THROW(iterations_for(request, 0.1), ParametersError);  // nothing bounds the curvature
  request.ridge = 0.1;
  request.spectrum_cap = 3;
  request.iterations = iterations_for(request, 0.1);
  EXPECT_GT(request.iterations, iterations_for(request, 0.3));
  const Plan plan = planned(request);
  ASSERT_EQ(plan.logistic->iterations(), request.iterations);
  EXPECT_LE(logistic_remaining(*plan.logistic, request.ridge).back(), 0.1);
  LogisticSchedule shorter = plan_logistic({.features = request.features + std::size_t{1},
                                            .iterations = request.iterations - 1,
                                            .ridge = request.ridge,
                                            .spectrum_cap = request.spectrum_cap,
                                            .range = steady_range(7),
                                            .momentum_cap = kSteadyMomentum});
  EXPECT_GT(logistic_remaining(shorter, request.ridge).back(), 0.1);
}

TEST(Planner, PlacesBootstrapsWhereLevelsRunOut) {
  JobRequest request = chd();
  request.iterations = 50;
  const Plan plan = planned(request);
  ASSERT_TRUE(plan.ckks->bootstrapping.has_value());
  EXPECT_GT(plan.ckks->iterations_per_bootstrap, 0);
  EXPECT_LE(plan.error_bound, request.max_error);
  EXPECT_EQ(plan.logistic->momentum[25], kSteadyMomentum);
  // The way that is taken is among those that were compared, and the fastest of its upload or less.
  EXPECT_GT(plan.placements.size(), 1u);
  for (const Alternative& a : plan.placements) EXPECT_GT(a.iterations_per_bootstrap, 0);
  const Plan again = Plan::from_json(plan.to_json());
  EXPECT_EQ(again.id(), plan.id());
  EXPECT_EQ(*again.ckks, *plan.ckks);
  JobRequest other = prediction();
  other.iterations_per_bootstrap = 1;
  EXPECT_THROW(planned(other), ParametersError);
  request = chd();
  // A training of few iterations has levels enough.
  request.iterations = 5;
  EXPECT_FALSE(planned(request).ckks->bootstrapping.has_value());
}

JobRequest long_linear() {
  return {.model = ModelKind::kLinear,
          .rows = 1500,
          .features = 12,
          .iterations = 60,
          .log2_degree = 16,
          .digits = 2};
}

TEST(Planner, RenewsLinearTrainingsWhereLevelsRunOut) {
  const JobRequest request = long_linear();
  const Plan plan = planned(request);
  const CkksPlan& c = *plan.ckks;
  ASSERT_TRUE(c.bootstrapping);
  EXPECT_LE(plan.error_bound, request.max_error);
  EXPECT_EQ(plan.linear->iterations(), 60);
  EXPECT_EQ(plan.linear->lower, 0);  // the fourth kind: nothing bounds the spectrum from below
  EXPECT_GT(plan.linear->end, plan.linear->upper);
  // What is renewed is within the range, and so is the change that goes with it.
  const LinearStateBounds bounds = linear_state_bounds(*plan.linear);
  EXPECT_EQ(c.weights.magnitude, bounds.largest_weights());
  EXPECT_GE(c.bootstrapping->range, c.state_scale * bounds.largest_weights());
  EXPECT_GE(c.bootstrapping->range, c.state_scale * bounds.change_scale() * bounds.largest_change());
  // The steps: each product a level, from where a bootstrap left off.
  const auto levels =
      LinearTrainer::level_schedule(*plan.linear, c.model_level, c.bootstrapping, c.parameters.levels);
  EXPECT_EQ(c.data_level, levels.rows_level());
  int level = c.data_level, bootstraps = 0;
  for (const PlanStep& s : plan.steps) {
    EXPECT_EQ(s.level_before, level) << s.name;
    bootstraps += s.name == "bootstrap" ? 1 : 0;
    level = s.level_after;
  }
  EXPECT_EQ(level, 0);
  EXPECT_EQ(bootstraps, levels.renewals());
  EXPECT_GE(bootstraps, 2);
  EXPECT_TRUE(c.key_uses().encapsulation);
  const Plan again = Plan::from_json(nlohmann::ordered_json::parse(plan.to_json().dump()));
  EXPECT_EQ(again.id(), plan.id());
  EXPECT_EQ(*again.ckks, c);
  EXPECT_LE(plan.placements.size(), 13u);
}

// Only where nothing else is precise enough, and at the least error that is its own consequence.
TEST(Planner, RepeatsBootstrapsWhereTheErrorAsksForIt) {
  JobRequest request = long_linear();
  request.iterations = 140;
  request.log2_degree = 16;
  request.digits = 3;
  request.iterations_per_bootstrap = 12;
  const Plan plan = planned(request);
  ASSERT_TRUE(plan.ckks->bootstrapping);
  EXPECT_EQ(plan.ckks->bootstrapping->repetitions, 1);
  EXPECT_LE(plan.error_bound, request.max_error);
  const Plan again = Plan::from_json(plan.to_json());
  EXPECT_EQ(again.id(), plan.id());
  EXPECT_EQ(*again.ckks, *plan.ckks);
  auto edited = plan.to_json();
  edited["ckks"]["bootstrapping"]["repetitions"] = 0;
  EXPECT_THROW(Plan::from_json(edited), Error);
  // With a larger error one is enough, for about half the time.
  request.max_error = 0.01;
  const Plan once = planned(request);
  EXPECT_EQ(once.ckks->bootstrapping->repetitions, 0);
  EXPECT_LT(once.estimates.train_seconds, plan.estimates.train_seconds);
}

// A file that says another polynomial, or another end of its interval, is not this plan.
TEST(Planner, BindsTheScheduleOfRenewedLinearTrainings) {
  JobRequest request = long_linear();
  request.iterations_per_bootstrap = 5;
  const auto json = planned(request).to_json();
  for (const char* field : {"/schedule/interval_end", "/schedule/start", "/ckks/bootstrapping/range"}) {
    auto edited = json;
    edited[nlohmann::ordered_json::json_pointer(field)] = 1.5;
    EXPECT_THROW(Plan::from_json(edited), DecodeError) << field;
  }
}

TEST(Planner, LeavesLinearTrainingsToLevelsWhereTheySuffice) {
  JobRequest request = long_linear();
  request.iterations = 12;
  request.digits = 0;
  const Plan plan = planned(request);
  EXPECT_FALSE(plan.ckks->bootstrapping);
  EXPECT_EQ(plan.linear->end, plan.linear->upper);
  for (const Alternative& a : plan.placements) EXPECT_EQ(a.iterations_per_bootstrap, 0);
  const LinearSchedule usual = plan_linear({.features = 12, .iterations = 12});
  EXPECT_EQ(plan.linear->step, usual.step);
  // Unless an expert asks.
  request.iterations_per_bootstrap = 5;
  EXPECT_TRUE(planned(request).ckks->bootstrapping);
  // Or the other way: levels alone are refused, with the nearest job that fits.
  request.iterations = 60;
  request.iterations_per_bootstrap = 0;
  EXPECT_THROW(planned(request), PrecisionError);
}

TEST(Planner, KeepsToTheToleranceOfALinearTraining) {
  JobRequest request = long_linear();
  request.iterations = 0;
  request.tolerance = 0.01;
  EXPECT_THROW(planned(request), ParametersError);  // nothing bounds the spectrum from below
  request.ridge = 0.02;
  const Plan many = planned(request);
  EXPECT_TRUE(many.ckks->bootstrapping);
  EXPECT_EQ(many.linear->lower, request.ridge);
  EXPECT_LE(many.linear->residual_factor(), 0.01);
  // A ridge that needs few products: levels alone, and the same promise.
  request.ridge = 1;
  const Plan few = planned(request);
  EXPECT_FALSE(few.ckks->bootstrapping);
  EXPECT_EQ(few.linear->lower, 1);
  EXPECT_LE(few.linear->residual_factor(), 0.01);
  // A floor that the owner vouches for serves as well as a ridge.
  request.ridge = 0;
  request.spectrum_floor = 0.02;
  const Plan floor = planned(request);
  EXPECT_NEAR(floor.linear->iterations(), many.linear->iterations(), 1);
  EXPECT_LE(floor.linear->residual_factor(), 0.01);
  EXPECT_EQ(Plan::from_json(floor.to_json()).id(), floor.id());
}

TEST(Planner, RefusesFloorsThatMakeNoSense) {
  const auto refused = [](auto change) {
    JobRequest request = salary();
    request.spectrum_floor = 0.1;
    change(request);
    EXPECT_THROW(planned(request), ParametersError);
  };
  refused([](JobRequest& r) { r.spectrum_floor = -1; });
  refused([](JobRequest& r) { r.spectrum_floor = 0; });
  refused([](JobRequest& r) { r.spectrum_floor = 2; });  // the default cap
  refused([](JobRequest& r) { r.spectrum_floor = NAN; });
  refused([](JobRequest& r) { r.model = ModelKind::kLogistic; });
  JobRequest fits = salary();
  fits.spectrum_floor = 0.1;
  EXPECT_EQ(planned(fits).linear->lower, 0.1);
}

TEST(Planner, NamesTheNearestJobThatFits) {
  JobRequest request = chd();
  request.iterations = 40;
  request.iterations_per_bootstrap = 0;  // levels alone
  try {
    planned(request);
    FAIL();
  } catch (const PrecisionError& e) {
    const std::string message = e.what();
    const auto at = message.find("give iterations=");
    ASSERT_NE(at, std::string::npos) << message;
    request.iterations = std::stoi(message.substr(at + 16));
    const std::string fits = std::to_string(request.iterations);
    EXPECT_EQ(message,
              "plan: 40 iterations do not fit 128-bit security with an error of at most 0.001; the "
              "nearest job that fits has " +
                  fits + " iterations: give iterations=" + fits + " (--iterations " + fits +
                  "), or a larger max_error (--max-error)");
    EXPECT_NO_THROW(planned(request));
    ++request.iterations;
    EXPECT_THROW(planned(request), PrecisionError);
  }
}

TEST(Planner, SaysWhichNumberIsWrongAndWhatIsNeeded) {
  const auto refusal = [](auto change) {
    JobRequest request = chd();
    change(request);
    try {
      planned(request);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("nothing was refused");
  };
  EXPECT_EQ(refusal([](JobRequest& r) { r.ridge = -1; }), "plan: ridge is -1; give 0 or more");
  EXPECT_EQ(refusal([](JobRequest& r) { r.max_error = 0; }), "plan: max_error is 0; give a number above 0");
  EXPECT_EQ(refusal([](JobRequest& r) { r.feature_bound = 1e-3; }),
            "plan: feature_bound is 0.001; give 1 to 1e6");
  for (const int degree : {-3, 1, 4, 9})
    EXPECT_EQ(refusal([&](JobRequest& r) { r.sigmoid_degree = degree; }),
              "plan: sigmoid_degree is " + std::to_string(degree) + "; give 3, 5 or 7");
  for (const int degree : {-1, 11, 18})
    EXPECT_EQ(refusal([&](JobRequest& r) { r.log2_degree = degree; }),
              "plan: log2_degree is " + std::to_string(degree) + "; give 12 to 17");
  EXPECT_EQ(
      refusal([](JobRequest& r) {
        r = {.model = ModelKind::kLinear, .scheme = Scheme::kPaillier, .job = Job::kAggregate, .features = 3};
      }),
      "plan: 0 rows for 3 features; give the most rows that all owners have together, which must be "
      "more than the features");
  EXPECT_EQ(refusal([](JobRequest& r) {
              r = salary();
              r.iterations = 1;
              r.max_error = 1e-12;
            }),
            "plan: this job does not fit 128-bit security with an error of at most 1e-12 at any ring degree; "
            "give fewer columns, or a larger max_error (--max-error)");
}

TEST(Planner, WhatIsNoPlanIsCalledThat) {
  for (const char* text : {"{}", "[1]", "{\"format\": 3}", "\"plan\""}) {
    try {
      (void)Plan::from_json(nlohmann::ordered_json::parse(text));
      ADD_FAILURE() << text;
    } catch (const DecodeError& e) {
      EXPECT_STREQ(e.what(), "plan at byte 0: not a plan of Cloister; make one, or name another file");
    }
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
  for (const int row_slots : {-1, 3, 32}) refused([&](JobRequest& r) { r.row_slots = row_slots; });
  refused([](JobRequest& r) {
    r.model = ModelKind::kLinear;
    r.row_slots = 8;
  });
}

TEST(Planner, DamagedPlansAreRefusedByField) {
  const auto json = planned(chd()).to_json();
  for (const auto& field : {"/request/rows", "/ckks/scale_bits", "/ckks/digits", "/ckks/row_slots",
                            "/schedule/sigmoid_degree", "/format", "/ckks/log2_degree", "/request/model"}) {
    auto damaged = json;
    damaged[nlohmann::ordered_json::json_pointer(field)] = "x";
    EXPECT_THROW(Plan::from_json(damaged), DecodeError) << field;
    auto flat = json.flatten();
    flat.erase(field);
    EXPECT_THROW(Plan::from_json(flat.unflatten()), DecodeError) << field;
  }
  for (const int row_slots : {0, 3, 32}) {
    auto other = json;
    other["ckks"]["row_slots"] = row_slots;
    EXPECT_THROW(Plan::from_json(other), DecodeError) << row_slots;
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

// Rows of one slot spare the mask; without rows that travel smaller the state's scale could not grow.
TEST(NoiseModel, RowScaleBringsMarginsIntoTheInterval) {
  const Plan plan = planned(many_rows());
  const CkksPlan& c = *plan.ckks;
  ASSERT_EQ(c.packing.row_slots, 1u);
  EXPECT_GT(c.state_scale, 8);
  EXPECT_DOUBLE_EQ(c.state_scale * c.row_scale * plan.logistic->sigmoid.range, 1);
  EXPECT_EQ(planned(chd()).ckks->row_scale, 1);
}

}  // namespace
}  // namespace cloister::ml
