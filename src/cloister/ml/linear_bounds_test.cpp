#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "cloister/base/error.h"
#include "cloister/ml/schedule.h"

namespace cloister::ml {
namespace {

// One direction of a problem: its eigenvalue, and the largest part of the target that it can carry.
struct Direction {
  double eigenvalue, target;
};

// x_0 .. x_T, where `errors` are added to x_{t-1} and to its change before product t.
std::vector<double> iterates(const LinearSchedule& s, const Direction& d, std::size_t t = 0, double in_x = 0,
                             double in_change = 0) {
  double x = s.start * d.target, before = 0;
  std::vector<double> out{x};
  for (std::size_t k = 0; k < s.step.size(); ++k) {
    if (k + 1 == t) {
      before = (x + in_x) - (x - before + in_change);
      x += in_x;
    }
    const double next = x + s.step[k] * (d.target - d.eigenvalue * x) + s.momentum[k] * (x - before);
    before = x;
    x = next;
    out.push_back(x);
  }
  return out;
}

std::vector<Direction> directions(const LinearSchedule& s) {
  std::vector<Direction> out;
  constexpr int kCount = 4000;
  for (int i = 0; i <= kCount; ++i) {
    // Close to both ends, where polynomials turn.
    const double share = (1 - std::cos(3.14159265358979 * i / kCount)) / 2;
    const double eigenvalue = s.ridge + share * (s.upper - s.ridge);
    out.push_back({eigenvalue, std::sqrt(eigenvalue - s.ridge)});
  }
  return out;
}

class LongLinear : public ::testing::TestWithParam<std::tuple<int, double>> {
 protected:
  LinearSchedule schedule() const {
    const auto [iterations, ridge] = GetParam();
    return plan_linear(long_linear_spec(12, iterations, ridge, 7.5, {}));
  }
};

TEST_P(LongLinear, StateBoundsCoverEveryIterateAndAreReached) {
  const LinearSchedule s = schedule();
  const LinearStateBounds bounds = linear_state_bounds(s);
  std::vector<double> weights(s.step.size() + 1), change(s.step.size() + 1);
  for (const Direction& d : directions(s)) {
    const auto x = iterates(s, d);
    for (std::size_t t = 0; t < x.size(); ++t) {
      weights[t] = std::max(weights[t], std::abs(x[t]));
      change[t] = std::max(change[t], std::abs(x[t] - (t > 0 ? x[t - 1] : 0)));
      ASSERT_LE(weights[t], bounds.weights[t]);
      ASSERT_LE(change[t], bounds.change[t]);
    }
  }
  for (std::size_t t = 0; t < weights.size(); ++t) {
    EXPECT_GE(weights[t], 0.98 * bounds.weights[t]) << t;
    EXPECT_GE(change[t], 0.98 * bounds.change[t]) << t;
  }
  EXPECT_GE(bounds.largest_weights(), bounds.change_scale() * bounds.largest_change());
  EXPECT_LE(bounds.largest_weights(), linear_weight_bound(s));
}

TEST_P(LongLinear, RenewalGainsCoverErrorsInBothVectors) {
  const LinearSchedule s = schedule();
  const int scale = linear_state_bounds(s).change_scale();
  const std::vector<double> gains = linear_renewal_gains(s, scale);
  ASSERT_EQ(gains.size(), s.step.size() + 1);
  constexpr double kError = 1e-6;
  for (const std::size_t t : {std::size_t{2}, s.step.size() / 2, s.step.size()}) {
    double in_x = 0, in_change = 0;
    for (const Direction& d : directions(s)) {
      const double exact = iterates(s, d).back();
      in_x = std::max(in_x, std::abs(iterates(s, d, t, kError, 0).back() - exact));
      in_change = std::max(in_change, std::abs(iterates(s, d, t, 0, kError / scale).back() - exact));
      const double both = std::abs(iterates(s, d, t, kError, -kError / scale).back() - exact);
      ASSERT_LE(both, gains[t] * kError * (1 + 1e-6));
    }
    EXPECT_LE(in_x + in_change, gains[t] * kError * (1 + 1e-6)) << t;
    EXPECT_GE(in_x + in_change, 0.98 * gains[t] * kError) << t;
  }
}

// An error in the weights alone is no momentum, and the polynomial's interval ends above the spectrum.
TEST_P(LongLinear, RenewalGainsDoNotGrowWithTheProducts) {
  const LinearSchedule s = schedule();
  const auto largest = [](const LinearSchedule& schedule) {
    const auto gains = linear_renewal_gains(schedule, linear_state_bounds(schedule).change_scale());
    return *std::ranges::max_element(gains);
  };
  EXPECT_LE(largest(s), 4.6 + static_cast<double>(s.iterations()) / 4 / 16);
  const auto [iterations, ridge] = GetParam();
  LinearSpec tight = long_linear_spec(12, iterations, ridge, 7.5, {});
  tight.slack = 0;
  EXPECT_GT(largest(plan_linear(tight)), 2 * largest(s));
}

INSTANTIATE_TEST_SUITE_P(Schedules, LongLinear,
                         ::testing::Values(std::tuple{20, 0.0}, std::tuple{100, 0.0}, std::tuple{100, 0.02},
                                           std::tuple{40, 1e-4}));

TEST(LongLinearSpec, TakesTheFirstKindWhereItsLowerBoundSuffices) {
  const auto kind = [](int iterations, double ridge, std::optional<double> floor) {
    return long_linear_spec(12, iterations, ridge, 7.5, floor).polynomial;
  };
  EXPECT_EQ(kind(100, 0, {}), LinearPolynomial::kFourthKind);
  EXPECT_EQ(kind(100, 0.02, {}), LinearPolynomial::kFirstKind);
  EXPECT_EQ(kind(100, 1e-4, {}), LinearPolynomial::kFourthKind);
  EXPECT_EQ(kind(20, 0, 0.1), LinearPolynomial::kFirstKind);
  const LinearSchedule s = plan_linear(long_linear_spec(12, 100, 0.02, 7.5, {}));
  EXPECT_EQ(s.lower, s.ridge);
  EXPECT_LE(s.residual_factor(), kRidgeTolerance);
  EXPECT_THROW(plan_linear(long_linear_spec(12, 20, 0, 7.5, 0)), ParametersError);
  EXPECT_THROW(plan_linear(long_linear_spec(12, 20, 0, 7.5, -1)), ParametersError);
}

TEST(LongLinearSpec, SlackTakesTheFactorOfTheLongerInterval) {
  LinearSpec spec{.features = 4, .iterations = 30, .upper = 2, .lower = 0.02};
  spec.slack = 0.05;
  const LinearSchedule s = plan_linear(spec);
  EXPECT_DOUBLE_EQ(s.end, 2.1);
  EXPECT_DOUBLE_EQ(s.upper, 2);
  spec.upper = 2.1;
  spec.slack = 0;
  EXPECT_DOUBLE_EQ(s.residual_factor(), plan_linear(spec).residual_factor());
  spec.slack = -0.1;
  EXPECT_THROW(plan_linear(spec), ParametersError);
}

}  // namespace
}  // namespace cloister::ml
