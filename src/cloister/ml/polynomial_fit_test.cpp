#include "cloister/ml/polynomial_fit.h"

#include <gtest/gtest.h>

#include <cmath>

#include "cloister/base/error.h"

namespace cloister::ml {
namespace {

struct Row {
  double range;
  int degree;
  double error;
  double tolerance;  // half a unit in the last place given
};

// Values by an independent numpy implementation of the exchange; to four digits they are also the published
// ones.
TEST(SigmoidFit, MatchesTheKnownMinimaxErrors) {
  const Row rows[] = {{8, 3, .0895, 5e-5}, {8, 5, .0409, 5e-5},  {8, 7, .0189, 5e-5},
                      {8, 9, .0088, 5e-5}, {8, 15, .0009, 5e-5}, {16, 3, .185, 5e-4},
                      {16, 7, .080, 6e-4}, {16, 15, .016, 5e-4}, {16, 31, .0007, 5e-5}};
  for (const Row& row : rows) {
    const PolynomialFit fit = fit_sigmoid(row.range, row.degree);
    EXPECT_NEAR(fit.max_error, row.error, row.tolerance) << row.range << " " << row.degree;
    EXPECT_LE(fit.levelled_error, fit.max_error);
    EXPECT_LT(fit.max_error, fit.levelled_error * 1.01) << row.range << " " << row.degree;
  }
}

TEST(SigmoidFit, ErrorAndSlopesHoldBetweenTheGridPoints) {
  const PolynomialFit fit = fit_sigmoid(8, 7);
  for (int i = 0; i <= 100003; ++i) {
    const double x = 8 * (2.0 * i / 100003 - 1), h = 1e-5;
    ASSERT_LE(std::abs(sigmoid(x) - 0.5 - fit(x)), fit.max_error);
    const double slope = (fit(x + h) - fit(x - h)) / (2 * h);
    ASSERT_GE(slope, fit.min_slope - 1e-8);  // 1e-8: rounding 2^-53 / h and h^2/6 |q'''|
    ASSERT_LE(slope, fit.max_slope + 1e-8);
  }
  EXPECT_NEAR(fit.max_slope, 0.2206, 1e-4);
  EXPECT_NEAR(fit.min_slope, -0.1409, 1e-4);
}

TEST(SigmoidFit, IsOddAndBothBasesAgree) {
  const PolynomialFit fit = fit_sigmoid(16, 15);
  ASSERT_EQ(fit.degree(), 15);
  for (std::size_t k = 0; k < fit.power.size(); k += 2) {
    EXPECT_EQ(fit.chebyshev[k], 0);
    EXPECT_EQ(fit.power[k], 0);
  }
  for (int i = -100; i <= 100; ++i) {
    const double x = 0.16 * i;
    double horner = 0;
    for (std::size_t k = fit.power.size(); k-- > 0;) horner = horner * x + fit.power[k];
    // Terms of either form stay below 2^12 here, so rounding stays below 2^-53 * 2^12 * 32.
    EXPECT_NEAR(horner, fit(x), 2e-11);
    EXPECT_EQ(fit(-x), -fit(x));
  }
}

TEST(SigmoidFit, HalfIntervalExchangeEqualsTheGeneralOne) {
  const auto centred = [](double x) { return sigmoid(x) - 0.5; };
  const PolynomialFit odd = fit_sigmoid(6, 5);
  const PolynomialFit general = fit_minimax(centred, 6, 5, 0.09623);
  EXPECT_NEAR(odd.levelled_error, general.levelled_error, 1e-9);
  for (std::size_t k = 0; k <= 5; ++k) EXPECT_NEAR(odd.chebyshev[k], general.chebyshev[k], 1e-7);
}

TEST(MinimaxFit, KnownAnswers) {
  // The minimax approximation of x^3 on [-1, 1] by quadratics is 3x/4, with error 1/4 (Chebyshev).
  // The exchange stops when the extrema agree to 1e-10.
  const PolynomialFit cubic = fit_minimax([](double x) { return x * x * x; }, 1, 2, 6);
  EXPECT_NEAR(cubic.levelled_error, 0.25, 1e-10);
  EXPECT_NEAR(cubic.power[1], 0.75, 1e-10);
  EXPECT_NEAR(cubic.power[0], 0, 1e-10);
  EXPECT_NEAR(cubic.power[2], 0, 1e-10);
  // exp by a line on [-1, 1]: slope sinh 1 (the secant's), error e^x - line at the ends.
  const PolynomialFit line = fit_minimax([](double x) { return std::exp(x); }, 1, 1, std::exp(1.0));
  EXPECT_NEAR(line.power[1], std::sinh(1.0), 1e-9);
  EXPECT_NEAR(line.max_error, 0.27880, 1e-5);
  // A polynomial is found again, on any range.
  const PolynomialFit exact = fit_minimax([](double x) { return 1 + x - 2 * x * x; }, 4, 3, 4);
  EXPECT_NEAR(exact.power[0], 1, 1e-12);
  EXPECT_NEAR(exact.power[1], 1, 1e-12);
  EXPECT_NEAR(exact.power[2], -2, 1e-12);
  EXPECT_NEAR(exact.power[3], 0, 1e-12);
}

TEST(MinimaxFit, MonotoneRangeEndsWhereTheSlopeChangesSign) {
  const PolynomialFit fit = fit_sigmoid(8, 3);
  const double turn = std::sqrt(-fit.power[1] / (3 * fit.power[3]));
  const double found = monotone_range(fit);
  EXPECT_LE(found, turn);
  EXPECT_GT(found, turn - 2 * 8.0 / 1024);
  EXPECT_GE(slope_bounds(fit, found).min, 0);
  EXPECT_EQ(monotone_range(fit_minimax([](double x) { return -x; }, 1, 1, 0)), 0);
  EXPECT_EQ(monotone_range(fit_minimax([](double x) { return x; }, 1, 1, 0)), 1);
}

TEST(MinimaxFit, RefusesWhatItCannotFit) {
  EXPECT_THROW(fit_sigmoid(8, 4), ParametersError);
  EXPECT_THROW(fit_sigmoid(0, 3), ParametersError);
  EXPECT_THROW(fit_sigmoid(NAN, 3), ParametersError);
  EXPECT_THROW(fit_sigmoid(8, 65), ParametersError);
  EXPECT_THROW(fit_minimax([](double) { return NAN; }, 1, 3, 1), ParametersError);
  EXPECT_THROW(slope_bounds(fit_sigmoid(8, 3), 9), ParametersError);
}

TEST(Sigmoid, DoesNotOverflow) {
  EXPECT_EQ(sigmoid(0), 0.5);
  EXPECT_EQ(sigmoid(1e4), 1);
  EXPECT_EQ(sigmoid(-1e4), 0);
  EXPECT_NEAR(sigmoid(-30), std::exp(-30.0), 1e-25);
}

}  // namespace
}  // namespace cloister::ml
