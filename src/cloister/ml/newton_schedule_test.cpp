#include "cloister/ml/newton_schedule.h"

#include <gtest/gtest.h>

#include <cmath>

#include "cloister/base/error.h"

namespace cloister::ml {
namespace {

/// Q(eigenvalue) in closed form: (1 - W_{k+1}(1 - 2 x) / (2 k + 3)) / eigenvalue, x = eigenvalue / upper.
double inverse(const LinearSchedule& solve, double eigenvalue) {
  const double angle = 2 * std::asin(std::sqrt(eigenvalue / solve.upper)), k = solve.iterations();
  const double w = std::sin((k + 1.5) * angle) / std::sin(angle / 2);
  return (1 - w / (2 * k + 3)) / eigenvalue;
}

TEST(PlanNewton, IsAFixedHessianAboveEveryHessian) {
  const NewtonSchedule schedule = plan_newton({.features = 16, .iterations = 5, .ridge = 0.1});
  EXPECT_EQ(schedule.curvature, schedule.sigmoid.max_slope);
  EXPECT_LE(schedule.curvature, 0.25 + 1e-6);
  EXPECT_EQ(schedule.sigmoid.range, steady_range(7));
  EXPECT_EQ(schedule.spectrum_cap, 8);
  EXPECT_EQ(schedule.solve.iterations(), 4);
  EXPECT_DOUBLE_EQ(schedule.solve.ridge, 0.1 / schedule.curvature);
  EXPECT_DOUBLE_EQ(schedule.solve.upper, 8 + 0.1 / schedule.curvature);
}

TEST(PlanNewton, RefusesWhatIsOutsideItsDomain) {
  EXPECT_THROW(plan_newton({.features = 0, .iterations = 5}), ParametersError);
  EXPECT_THROW(plan_newton({.features = 5, .iterations = 0}), ParametersError);
  EXPECT_THROW(plan_newton({.features = 5, .iterations = 1001}), ParametersError);
  EXPECT_THROW(plan_newton({.features = 5, .iterations = 5, .products = -1}), ParametersError);
  EXPECT_THROW(plan_newton({.features = 5, .iterations = 5, .products = 33}), ParametersError);
  EXPECT_THROW(plan_newton({.features = 5, .iterations = 5, .degree = 4}), ParametersError);
  EXPECT_THROW(plan_newton({.features = 5, .iterations = 5, .ridge = -1}), ParametersError);
  EXPECT_THROW(plan_newton({.features = 5, .iterations = 5, .spectrum_cap = 0}), ParametersError);
}

TEST(NewtonContraction, CoversTheSpectrumAndHardlyMore) {
  for (const int products : {0, 1, 4, 12, 32})
    for (const double ridge : {0.0, 0.05}) {
      const NewtonSchedule schedule =
          plan_newton({.features = 10, .iterations = 5, .products = products, .ridge = ridge});
      const double limit = 4, floor = 0.1;
      const NewtonContraction c = newton_contraction(schedule, limit, floor);
      const SlopeBounds slope = slope_bounds(schedule.sigmoid, limit);
      double least = HUGE_VAL, most = 0, q_least = HUGE_VAL, q_most = 0;
      for (int i = 0; i <= 20000; ++i) {
        const double x = floor + (schedule.spectrum_cap - floor) * i / 20000;
        const double q =
            inverse(schedule.solve, x + schedule.solve.ridge) * schedule.step / schedule.curvature;
        least = std::min(least, (slope.min * x + ridge) * q);
        most = std::max(most, (slope.max * x + ridge) * q);
      }
      for (int i = 0; i <= 20000; ++i) {
        const double x = schedule.solve.ridge + 1e-9 + (schedule.spectrum_cap - 1e-9) * i / 20000;
        q_least = std::min(q_least, inverse(schedule.solve, x));
        q_most = std::max(q_most, inverse(schedule.solve, x));
      }
      EXPECT_LE(c.least, least * (1 + 1e-9)) << products;
      EXPECT_GE(c.most, most * (1 - 1e-9)) << products;
      EXPECT_NEAR(c.least, least, 2e-3) << products;
      EXPECT_NEAR(c.most, most, 2e-3) << products;
      EXPECT_GE(c.distortion, std::sqrt(q_most / q_least) * (1 - 1e-6)) << products;
      EXPECT_LE(c.distortion, std::sqrt(q_most / q_least) * 1.15) << products;
    }
}

TEST(NewtonContraction, NeverExpandsWhereThePolynomialRises) {
  for (const int products : {0, 1, 2, 3, 4, 6, 9, 16, 32}) {
    const NewtonSchedule schedule = plan_newton({.features = 10, .iterations = 5, .products = products});
    const double limit = 0.9 * schedule.sigmoid.range;
    EXPECT_LE(newton_contraction(schedule, limit).factor, 1) << products;
    EXPECT_LT(newton_contraction(schedule, limit, 0.5).factor, 1) << products;
    EXPECT_LT(newton_contraction(schedule, limit).most, 1.8) << products;
  }
}

TEST(NewtonContraction, MoreProductsContractIllConditionedColumnsFaster) {
  double before = 1;
  for (const int products : {0, 2, 4, 8, 16}) {
    const NewtonSchedule schedule = plan_newton({.features = 10, .iterations = 5, .products = products});
    const double factor = newton_contraction(schedule, 3, 0.02).factor;
    EXPECT_LT(factor, before);
    before = factor;
  }
  EXPECT_THROW(newton_contraction(plan_newton({.features = 10, .iterations = 5}), 3, 5), ParametersError);
  EXPECT_THROW(newton_contraction(plan_newton({.features = 10, .iterations = 5}), 3, -0.1), ParametersError);
}

TEST(NewtonErrorBound, IsProportionalToTheIterationsWhereNesterovsIsExponential) {
  const auto bound = [](int iterations) {
    const NewtonSchedule schedule = plan_newton({.features = 10, .iterations = iterations});
    return newton_error_bound(schedule, {.update = 1}, 0.9 * schedule.sigmoid.range);
  };
  EXPECT_NEAR(bound(1), 1, 1e-12);
  EXPECT_NEAR(bound(1000) - bound(500), 2 * (bound(500) - bound(250)), 1e-6 * bound(1000));
  const LogisticSchedule nesterov =
      plan_logistic({.features = 10, .iterations = 60, .range = steady_range(7)});
  EXPECT_LT(bound(60), 400);
  EXPECT_GT(logistic_error_bound(nesterov, 1, default_margin_limit(nesterov)), 1e8);
}

TEST(NewtonErrorBound, IsFiniteForEverWithARidge) {
  const auto bound = [](int iterations) {
    const NewtonSchedule schedule = plan_newton({.features = 10, .iterations = iterations, .ridge = 0.1});
    return newton_error_bound(schedule, {.update = 1}, 0.9 * schedule.sigmoid.range);
  };
  const NewtonSchedule schedule = plan_newton({.features = 10, .iterations = 1, .ridge = 0.1});
  const NewtonContraction c = newton_contraction(schedule, 0.9 * schedule.sigmoid.range);
  EXPECT_LE(bound(1000), (1 + c.distortion * c.factor / (1 - c.factor)) * (1 + 1e-12));
}

TEST(NewtonIterations, AreTheFewestThatTheContractionProves) {
  const NewtonSpec spec{.features = 10, .products = 6, .ridge = 0.05};
  const NewtonContraction c = [&] {
    NewtonSpec one = spec;
    one.iterations = 1;
    return newton_contraction(plan_newton(one), 4, 0.2);
  }();
  const int iterations = newton_iterations_for(spec, 4, 0.2, 0.01);
  EXPECT_LE(c.distortion * std::pow(c.factor, iterations), 0.01);
  EXPECT_GT(c.distortion * std::pow(c.factor, iterations - 1), 0.01);
  EXPECT_THROW(newton_iterations_for({.features = 10}, 4, 0, 0.01), ParametersError);  // nothing contracts
  EXPECT_THROW(newton_iterations_for(spec, 4, 0.2, 1), ParametersError);
}

}  // namespace
}  // namespace cloister::ml
