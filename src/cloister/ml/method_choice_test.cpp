#include "cloister/ml/method_choice.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "cloister/ml/newton_trainer.h"
#include "cloister/ml/planner_test_fixture.h"

namespace cloister::ml {
namespace {

// CHD, all columns. The ring is given where it does not matter, since a plan takes the less time for it.
JobRequest chd() {
  return {.rows = 2559,
          .features = 15,
          .predict_rows = 1097,
          .spectrum_cap = 4,
          .log2_degree = 16,
          .digits = 2,
          .threads = 2};
}
JobRequest with(JobRequest r, Method method, int iterations, int products = 0) {
  r.method = method;
  r.iterations = iterations;
  r.products = products;
  return r;
}
const Plan& newton_plan() {
  static const Plan plan = planned(with(chd(), Method::kNewton, 2, 3));
  return plan;
}

TEST(AccuracyMeasure, IsTheLargestOfWhatIsLeftOnEveryHessianThatDoesNotChange) {
  const NewtonSchedule newton =
      plan_newton({.features = 16, .iterations = 3, .products = 2, .ridge = 0.02, .spectrum_cap = 4});
  const double c = newton.curvature;
  for (const auto measure : {AccuracyMeasure::kDistance, AccuracyMeasure::kLoss}) {
    const double bound = remaining(newton, measure);
    double seen = 0;
    for (int i = 0; i <= 400; ++i)
      for (int k = 0; k <= 20; ++k) {
        // The iteration itself, on one eigenvector: p from `solve`, then w' = w + p.
        const double lambda = 4.0 * i / 400, h = c * (kLeastMeanSlope + 0.5 * k / 20) * lambda + 0.02;
        double left = 1;
        for (int t = 0; t < 3; ++t) {
          const double g = newton.step / c * h * left;
          double p = newton.solve.start * g, before = 0;
          for (std::size_t j = 0; j < newton.solve.step.size(); ++j) {
            const double next = p + newton.solve.step[j] * (g - (lambda + newton.solve.ridge) * p) +
                                newton.solve.momentum[j] * (p - before);
            before = p;
            p = next;
          }
          left -= p;
        }
        seen = std::max(seen, measure == AccuracyMeasure::kDistance ? std::abs(left) : h * left * left);
      }
    // Neither grid has the largest eigenvalue on it.
    EXPECT_NEAR(seen, bound, 0.01 * bound);
  }
  // Of Nesterov's iteration the distance is what logistic_remaining says.
  const LogisticSchedule nesterov = plan_logistic({.features = 16, .iterations = 9, .ridge = 0.02});
  // Both are rounded up for a grid, by 1 / cos(degree pi / 4096) at most, here of degrees up to 19.
  EXPECT_NEAR(remaining(nesterov, AccuracyMeasure::kDistance), logistic_remaining(nesterov, 0.02).back(),
              1.1e-4);
}

TEST(AccuracyMeasure, NewtonTakesTheFewestIterationsThatKeepToIt) {
  for (const int products : {1, 2, 4, 8}) {
    NewtonSpec spec{.features = 16, .products = products, .ridge = 0.01, .spectrum_cap = 4};
    for (const auto& [measure, most] :
         {std::pair{AccuracyMeasure::kDistance, 0.1}, std::pair{AccuracyMeasure::kLoss, 0.01}}) {
      const auto found = newton_iterations_to(spec, measure, most, kMaxIterations);
      ASSERT_TRUE(found);
      ASSERT_GT(*found, 1);
      spec.iterations = *found;
      EXPECT_LE(remaining(plan_newton(spec), measure), most);
      spec.iterations = *found - 1;
      EXPECT_GT(remaining(plan_newton(spec), measure), most);
      EXPECT_FALSE(newton_iterations_to(spec, measure, most, *found - 1));
    }
  }
}

TEST(MethodChoice, TakesNewtonWhereColumnsAreCorrelatedAndNesterovWhereTheyNeedNotBe) {
  // A ridge and a tolerance: whatever the columns, and Nesterov's method takes 129 iterations for it.
  JobRequest exact = chd();
  exact.ridge = 0.01;
  exact.tolerance = 0.1;
  exact.digits = 4;
  const Plan newton = planned(exact);
  ASSERT_TRUE(newton.methods);
  EXPECT_EQ(newton.request.method, Method::kNewton);
  EXPECT_TRUE(newton.newton);
  EXPECT_FALSE(newton.logistic);
  EXPECT_EQ(newton.request.tolerance, 0);
  EXPECT_EQ(newton.methods->measure, AccuracyMeasure::kDistance);
  EXPECT_EQ(newton.methods->newton.iterations, newton.request.iterations);
  EXPECT_EQ(newton.methods->newton.products, newton.request.products);
  EXPECT_EQ(newton.methods->nesterov.iterations, iterations_for(exact, 0.1));
  EXPECT_LT(*newton.methods->newton.cost, *newton.methods->nesterov.cost);
  EXPECT_EQ(*newton.methods->newton.cost, plan_cost(newton));
  EXPECT_LE(remaining(*newton.newton, AccuracyMeasure::kDistance), 0.1);

  // The usual accuracy of the loss, on a wide table of few rows: a product with its matrix takes longer than
  // a pass over the rows.
  JobRequest wide = chd();
  wide.rows = 300;
  wide.features = 200;
  wide.spectrum_cap = 8;
  const Plan nesterov = planned(wide);
  ASSERT_TRUE(nesterov.methods);
  EXPECT_EQ(nesterov.request.method, Method::kNesterov);
  EXPECT_EQ(nesterov.request.iterations, kDefaultIterations);
  EXPECT_EQ(nesterov.methods->measure, AccuracyMeasure::kLoss);
  EXPECT_GT(nesterov.methods->newton.cost.value_or(INFINITY), *nesterov.methods->nesterov.cost);
}

TEST(MethodChoice, IsNesterovsWhereIterationsOrBatchesAreGiven) {
  const Plan iterations = planned(with(chd(), Method::kAuto, 3));
  EXPECT_EQ(iterations.request.method, Method::kNesterov);
  EXPECT_FALSE(iterations.methods);
  JobRequest batches = chd();
  batches.rows = 10'000;
  batches.batches = 2;
  batches.iterations = 3;
  EXPECT_EQ(planned(batches).request.method, Method::kNesterov);
  // Of jobs that have no method nothing is said.
  JobRequest linear = chd();
  linear.model = ModelKind::kLinear;
  linear.iterations = 2;
  EXPECT_EQ(planned(linear).request.method, Method::kAuto);
}

TEST(NewtonPlan, KeepsSecurityErrorAndLevels) {
  const Plan& plan = newton_plan();
  EXPECT_EQ(plan.request.products, 3);
  EXPECT_GT(plan.error_bound, 0);
  EXPECT_LE(plan.error_bound, plan.request.max_error);
  EXPECT_EQ(plan.ckks->parameters.levels, NewtonTrainer::levels(*plan.newton) + kPredictionLevels);
  EXPECT_EQ(plan.ckks->data_level, plan.ckks->parameters.levels);
  EXPECT_EQ(plan.ckks->packing.strips(), 1u);
  int level = plan.ckks->data_level;
  for (const PlanStep& s : plan.steps) {
    EXPECT_EQ(s.level_before, level) << s.name;
    EXPECT_LT(s.level_after, s.level_before) << s.name;
    level = s.level_after;
  }
  EXPECT_EQ(level, 0);
  EXPECT_EQ(plan.sigmoid(), &plan.newton->sigmoid);
  EXPECT_EQ(plan.spectrum_cap(), 4);
}

TEST(NewtonPlan, RenewsItsOneVector) {
  JobRequest r = with(chd(), Method::kNewton, 6, 2);
  r.iterations_per_bootstrap = 1;
  const Plan plan = planned(r);
  ASSERT_TRUE(plan.ckks->bootstrapping);
  EXPECT_TRUE(plan.ckks->bootstrapping->real);
  EXPECT_GE(plan.ckks->bootstrapping->range, plan.ckks->state_scale * plan.ckks->weights.magnitude);
  EXPECT_LE(plan.ckks->data_level, plan.ckks->parameters.levels);
  EXPECT_TRUE(plan.ckks->key_uses().encapsulation);
  EXPECT_EQ(std::ranges::count(plan.steps, std::string("bootstrap"), &PlanStep::name), 5);
  EXPECT_EQ(plan.steps.back().level_after, 0);
}

TEST(NewtonPlan, TakesFewerProductsWhereMoreDoNotFit) {
  JobRequest r = with(chd(), Method::kNewton, 3);
  r.log2_degree = 15;
  r.digits = 0;
  r.max_error = 0.02;
  r.iterations_per_bootstrap = 0;
  const Plan plan = planned(r);
  EXPECT_LT(plan.request.products, 4);
  r.products = plan.request.products + 1;
  EXPECT_THROW(planned(r), PrecisionError);
  r.products = 0;
  r.iterations = 12;
  EXPECT_THROW(planned(r), PrecisionError);
}

TEST(NewtonPlan, TravelsAsJsonUnchanged) {
  Plan plan = newton_plan();
  plan.methods = MethodComparison{AccuracyMeasure::kLoss, 0.0103, {7, 0, 12.5}, {2, 3, std::nullopt}};
  const Plan read = Plan::from_json(nlohmann::ordered_json::parse(plan.to_json().dump()));
  EXPECT_EQ(read.id(), plan.id());
  EXPECT_EQ(read.request.method, Method::kNewton);
  EXPECT_EQ(read.request.products, 3);
  EXPECT_EQ(read.ckks, plan.ckks);
  EXPECT_EQ(read.newton->solve.step, plan.newton->solve.step);
  EXPECT_EQ(read.to_json(), plan.to_json());
  // What explains the choice does not bind, and the method does.
  EXPECT_EQ(newton_plan().id(), plan.id());
  EXPECT_NE(planned(with(chd(), Method::kNesterov, 2)).id(), plan.id());
}

TEST(NewtonPlan, DamagedOnesAreRefused) {
  const nlohmann::ordered_json good = newton_plan().to_json();
  const auto refuses = [&](const nlohmann::json::json_pointer& at, const nlohmann::ordered_json& value) {
    auto bad = good;
    bad[at] = value;
    EXPECT_THROW(Plan::from_json(bad), Error) << at.to_string() << " " << value;
  };
  using pointer = nlohmann::json::json_pointer;
  for (const nlohmann::ordered_json& value : {nlohmann::ordered_json("auto"), nlohmann::ordered_json("x"),
                                              nlohmann::ordered_json(1), nlohmann::ordered_json(nullptr)})
    refuses(pointer("/request/method"), value);
  for (const int products : {-1, 0, 4, 33}) refuses(pointer("/request/products"), products);
  refuses(pointer("/schedule/newton_step"), 1.5);
  refuses(pointer("/schedule/curvature"), 0.1);
  refuses(pointer("/schedule/step"), nlohmann::ordered_json::array({1, 2, 3}));
  refuses(pointer("/estimates/methods"), nlohmann::ordered_json{{"measure", "luck"}});
  refuses(pointer("/estimates/methods"), nlohmann::ordered_json{{"measure", "loss"}});
  refuses(pointer("/estimates/methods"), nlohmann::ordered_json(7));
  auto without = good;
  without["request"].erase("products");
  EXPECT_THROW(Plan::from_json(without), DecodeError);
  // Nesterov's plan with Newton's method is not one.
  auto other = planned(with(chd(), Method::kNesterov, 2)).to_json();
  other["request"]["method"] = "newton";
  other["request"]["products"] = 3;
  EXPECT_THROW(Plan::from_json(other), Error);
}

TEST(MethodChoice, RefusesWhatMakesNoSense) {
  JobRequest linear = with(chd(), Method::kNewton, 2);
  linear.model = ModelKind::kLinear;
  EXPECT_THROW(planned(linear), ParametersError);
  JobRequest predict = with(chd(), Method::kNesterov, 0);
  predict.job = Job::kPredict;
  EXPECT_THROW(planned(predict), ParametersError);
  JobRequest batches = with(chd(), Method::kNewton, 2);
  batches.rows = 10'000;
  batches.batches = 2;
  EXPECT_THROW(planned(batches), ParametersError);
  EXPECT_THROW(planned(with(chd(), Method::kNesterov, 2, 3)), ParametersError);
  EXPECT_THROW(planned(with(chd(), Method::kAuto, 0, 3)), ParametersError);
  EXPECT_THROW(planned(with(chd(), Method::kNewton, 2, -1)), ParametersError);
  EXPECT_THROW(planned(with(chd(), Method::kNewton, 2, kMaxNewtonProducts + 1)), ParametersError);
  JobRequest strips = with(chd(), Method::kNewton, 2, 2);
  strips.row_slots = 4;  // rows must be whole
  EXPECT_THROW(planned(strips), ParametersError);
  JobRequest tolerance = chd();
  tolerance.tolerance = 0.1;  // without a ridge
  EXPECT_THROW(planned(tolerance), ParametersError);
}

}  // namespace
}  // namespace cloister::ml
