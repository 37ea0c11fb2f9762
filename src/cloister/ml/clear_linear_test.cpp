#include "cloister/ml/clear_linear.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "cloister/base/error.h"
#include "cloister/ml/clear_dense.h"
#include "cloister/ml/clear_spectrum.h"

namespace cloister::ml {
namespace {

struct Problem {
  data::Matrix x;
  std::vector<double> y;
};

/// Columns of mean 0 and variance 1 up to sampling; neighbours share half of their variance.
Problem make_problem(std::size_t n, std::size_t d, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  Problem problem{data::Matrix(n, d), std::vector<double>(n)};
  for (std::size_t i = 0; i < n; ++i) {
    double last = normal(engine);
    for (std::size_t j = 0; j < d; ++j) {
      last = 0.5 * last + std::sqrt(0.75) * normal(engine);
      problem.x(i, j) = last;
      problem.y[i] += last * (static_cast<double>(j) - 1.5) / static_cast<double>(d);
    }
    problem.y[i] += 0.3 * normal(engine);
  }
  return problem;
}

double distance(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum);
}

TEST(LeastSquares, ResidualIsOrthogonalToTheColumns) {
  const Problem p = make_problem(300, 7, 1);
  const std::vector<double> w = solve_least_squares(p.x, p.y);
  std::vector<double> residual = multiply(p.x, w);
  for (std::size_t i = 0; i < residual.size(); ++i) residual[i] -= p.y[i];
  // Backward error of about n d eps on sums of 300 terms of size 1.
  for (const double value : multiply_transposed(p.x, residual)) EXPECT_NEAR(value, 0, 1e-10);
}

TEST(LeastSquares, SolvesASquareSystemExactly) {
  data::Matrix x(2, 2);
  x.values = {2, 1, 1, 3};
  const std::vector<double> w = solve_least_squares(x, std::vector<double>{5, 10});
  EXPECT_NEAR(w[0], 1, 1e-14);
  EXPECT_NEAR(w[1], 3, 1e-14);
}

TEST(LeastSquares, RefusesWhatHasNoUniqueAnswer) {
  Problem p = make_problem(50, 3, 2);
  for (std::size_t i = 0; i < 50; ++i) p.x(i, 2) = p.x(i, 0) - 2 * p.x(i, 1);
  EXPECT_THROW(solve_least_squares(p.x, p.y), ParametersError);
  EXPECT_THROW(solve_least_squares(data::Matrix(2, 3), std::vector<double>(2)), ParametersError);
  EXPECT_THROW(solve_least_squares(p.x, std::vector<double>(49)), ParametersError);
  p.y[7] = NAN;
  EXPECT_THROW(solve_least_squares(p.x, p.y), ParametersError);
}

TEST(Chebyshev, ErrorShrinksByThePromisedFactor) {
  const Problem p = make_problem(500, 6, 3);
  for (const double ridge : {0.0, 0.2}) {
    const NormalEquations equations = normal_equations(p.x, p.y, ridge);
    const std::vector<double> spectrum = symmetric_eigenvalues(equations.a);
    const LinearSpec spec{.features = 6,
                          .iterations = 9,
                          .ridge = ridge,
                          .upper = spectrum.back() - ridge + 1e-12,
                          .lower = spectrum.front() - ridge - 1e-12};
    const LinearSchedule schedule = plan_linear(spec);
    const std::vector<long double> a(equations.a.values.begin(), equations.a.values.end());
    const std::vector<long double> b(equations.b.begin(), equations.b.end());
    const std::vector<double> exact = solve_normal_equations(a, b).weights;
    const auto iterates = chebyshev_iterates(equations, schedule);
    ASSERT_EQ(iterates.size(), 10u);
    const double scale = distance(exact, std::vector<double>(6, 0.0));
    EXPECT_LE(distance(iterates.back(), exact), schedule.residual_factor() * scale * (1 + 1e-6));
    EXPECT_LT(schedule.residual_factor(), 0.01);
  }
}

/// Columns that are nearly copies of one another, and a target that depends on their small differences.
Problem make_ill_conditioned(std::size_t n, std::size_t d, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  Problem problem{data::Matrix(n, d), std::vector<double>(n)};
  for (std::size_t i = 0; i < n; ++i) {
    const double common = normal(engine);
    for (std::size_t j = 0; j < d; ++j) {
      problem.x(i, j) = 0.99 * common + 0.14 * normal(engine);
      problem.y[i] += problem.x(i, j) * (static_cast<double>(j) - 2);
    }
    problem.y[i] += 0.3 * normal(engine);
  }
  double square = 0;
  for (const double y : problem.y) square += y * y / static_cast<double>(n);
  for (double& y : problem.y) y /= std::sqrt(square);
  return problem;
}

std::vector<double> solution(const NormalEquations& equations) {
  const std::vector<long double> a(equations.a.values.begin(), equations.a.values.end());
  const std::vector<long double> b(equations.b.begin(), equations.b.end());
  return solve_normal_equations(a, b).weights;
}

TEST(Chebyshev, IllConditionedColumnsReachTheFitInThePlannedProducts) {
  const Problem p = make_ill_conditioned(800, 6, 8);
  const NormalEquations equations = normal_equations(p.x, p.y);
  const std::vector<double> spectrum = symmetric_eigenvalues(equations.a);
  ASSERT_GT(spectrum.back() / spectrum.front(), 300);
  const std::vector<double> exact = solution(equations);
  const double scale = distance(exact, std::vector<double>(6, 0.0));
  for (const double tolerance : {0.1, 1e-3}) {
    LinearSpec spec{.features = 6,
                    .iterations = linear_iterations_for(spectrum.back() / spectrum.front(), tolerance),
                    .upper = spectrum.back(),
                    .lower = spectrum.front()};
    const auto iterates = chebyshev_iterates(equations, plan_linear(spec));
    EXPECT_LE(distance(iterates.back(), exact), tolerance * scale * (1 + 1e-6));
    // The bound that a plan without this knowledge has is far from the fit after as many products.
    spec.lower.reset();
    EXPECT_GT(distance(chebyshev_iterates(equations, plan_linear(spec)).back(), exact), tolerance * scale);
  }
}

TEST(Chebyshev, ARidgeBringsIllConditionedColumnsWithinReach) {
  const Problem p = make_ill_conditioned(800, 6, 9);
  const double upper = 7, ridge = ridge_for_condition(0, upper, 200);
  const NormalEquations equations = normal_equations(p.x, p.y, ridge);
  ASSERT_LE(symmetric_eigenvalues(equations.a).back(), upper + ridge);
  const int products = linear_iterations_for(200, 0.01);
  EXPECT_LT(products, 40);
  // The band reaches down to the ridge: a data spectrum as low as one likes, which 0 only stands for.
  const LinearSchedule schedule =
      plan_linear({.features = 6, .iterations = products, .ridge = ridge, .upper = upper, .lower = 1e-12});
  const std::vector<double> exact = solution(equations);
  EXPECT_LE(distance(chebyshev_iterates(equations, schedule).back(), exact),
            0.01 * distance(exact, std::vector<double>(6, 0.0)) * (1 + 1e-6));
}

TEST(Chebyshev, FourthKindKeepsItsResidualWhateverTheCondition) {
  for (const std::uint64_t seed : {10u, 11u}) {
    Problem p = make_ill_conditioned(500, 6, seed);
    if (seed == 11)
      for (std::size_t i = 0; i < 500; ++i) p.x(i, 5) = p.x(i, 0);  // singular
    const NormalEquations equations = normal_equations(p.x, p.y);
    for (const int products : {1, 5, 20, 200}) {
      const LinearSchedule schedule = plan_linear(
          {.features = 6, .iterations = products, .upper = 6, .polynomial = LinearPolynomial::kFourthKind});
      const std::vector<double> x = chebyshev_iterates(equations, schedule).back();
      EXPECT_LE(distance(multiply(equations.a, x), equations.b), linear_residual_bound(schedule) * (1 + 1e-9))
          << products;
    }
  }
}

TEST(Chebyshev, BelowTheLowerBoundItIsSlowButNeverGrows) {
  data::Matrix a(1, 1);
  const LinearSchedule schedule = plan_linear({.features = 1, .iterations = 12, .upper = 2, .lower = 0.5});
  for (const double eigenvalue : {1e-6, 0.01, 0.1, 0.3, 0.49}) {
    a(0, 0) = eigenvalue;
    const auto iterates = chebyshev_iterates({a, {eigenvalue}}, schedule);  // the answer is 1
    for (const auto& x : iterates) EXPECT_LE(std::abs(x[0] - 1), 1 + 1e-12) << eigenvalue;
  }
}

TEST(NormalEquations, AgreeWithQrWhateverTheUnits) {
  Problem p = make_problem(400, 5, 4);
  for (std::size_t i = 0; i < 400; ++i) p.x(i, 1) *= 1e6;  // columns in different units
  const std::vector<double> qr = solve_least_squares(p.x, p.y);
  std::vector<long double> a(25, 0), b(5, 0);
  for (std::size_t i = 0; i < 400; ++i)
    for (std::size_t j = 0; j < 5; ++j) {
      b[j] += static_cast<long double>(p.x(i, j)) * p.y[i];
      for (std::size_t k = 0; k < 5; ++k) a[j * 5 + k] += static_cast<long double>(p.x(i, j)) * p.x(i, k);
    }
  const NormalSolution solution = solve_normal_equations(a, b);
  for (std::size_t j = 0; j < 5; ++j) EXPECT_NEAR(solution.weights[j], qr[j], 1e-12 * (1 + std::abs(qr[j])));
  EXPECT_LT(solution.condition, 100);  // scaling the diagonal hides the units
  EXPECT_LT(solution.relative_error, 1e-14);
}

TEST(NormalEquations, RidgeIsAddedToTheDiagonal) {
  const std::vector<long double> a{1, 0, 0, 3}, b{2, 4};
  const std::vector<double> w = solve_normal_equations(a, b, 1).weights;
  EXPECT_DOUBLE_EQ(w[0], 1);
  EXPECT_DOUBLE_EQ(w[1], 1);
}

TEST(NormalEquations, RefusesWhatIsNotAccurate) {
  EXPECT_THROW(solve_normal_equations(std::vector<long double>{1, 1, 1, 1}, std::vector<long double>{1, 1}),
               PrecisionError);
  const std::vector<long double> near{1, 1 - 1e-15L, 1 - 1e-15L, 1};
  EXPECT_THROW(solve_normal_equations(near, std::vector<long double>{1, 1}), PrecisionError);
  EXPECT_NO_THROW(solve_normal_equations(near, std::vector<long double>{1, 1}, 1e-3));
  EXPECT_THROW(solve_normal_equations(std::vector<long double>{0}, std::vector<long double>{1}),
               PrecisionError);
  EXPECT_THROW(solve_normal_equations(std::vector<long double>{1, 2}, std::vector<long double>{1}),
               ParametersError);
  EXPECT_THROW(solve_normal_equations(std::vector<long double>{NAN}, std::vector<long double>{1}),
               ParametersError);
}

}  // namespace
}  // namespace cloister::ml
