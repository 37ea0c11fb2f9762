#include "cloister/circuits/modular_reduction.h"

#include <numbers>

#include "cloister/circuits/circuits_test_fixture.h"
#include "cloister/circuits/internal/exponential_fit.h"

namespace cloister::circuits {
namespace {

TEST(ExponentialFit, IsNearTheExponentialAtIntegers) {
  const auto fit = internal::fit_exponential(16, 0x1p-6, 3, 31);
  ASSERT_EQ(fit.coefficients.size(), 32u);
  // The 32nd term of the Chebyshev series, 2 J_32(2 pi 16 / 8) = 2^-31, rules a fit over the whole interval.
  EXPECT_LT(fit.max_error, 0x1p-32);
  double largest = 0;
  for (int integer = -16; integer <= 16; ++integer)
    for (const double m : {-0x1p-6, -0.3e-2, 0.0, 0x1p-6}) {
      std::complex<double> sum = 0;
      const double t = integer + m, angle = std::acos(t / fit.half_width);
      for (std::size_t k = 0; k < fit.coefficients.size(); ++k)
        sum += fit.coefficients[k] * std::cos(static_cast<double>(k) * angle) *
               (k % 2 == 0 ? std::complex<double>(1) : std::complex<double>(0, 1));
      largest = std::max(largest, std::abs(sum - std::polar(1.0, 2 * std::numbers::pi * t / 8)));
    }
  EXPECT_LE(largest, fit.max_error * (1 + 1e-3) + 0x1p-45);  // between its own points; double precision
}

TEST(ModularReduction, ItsOwnErrorIsThatOfTwoSines) {
  for (const double margin : {0x1p-5, 0x1p-6, 0x1p-8}) {
    const double x = 2 * std::numbers::pi * margin;
    const double leading = std::pow(x, 4) / 480;
    const double error = ModularReduction({16, margin}).relative_error();
    // Next come (a + 128 b) x^7 / 5040 with a = 4/3 and b = -1/6, which is 1.905 x^2 of that; and a + 32 b =
    // -4 (1 + 5/16 x^2), of which the latter is 5 x^2 of it.
    EXPECT_GT(error, leading);
    EXPECT_LT(error, leading * (1 + 7 * x * x) + 0x1p-50);
  }
  EXPECT_THROW(ModularReduction({16, 0.1}), ParametersError);
  EXPECT_THROW(ModularReduction({0, 0x1p-6}), ParametersError);
}

TEST_F(CircuitsTest, TurnedPolynomialsHaveRealAndImaginaryParts) {
  std::vector<double> coefficients(12);
  for (auto& c : coefficients) c = unit() / 4;
  const PolynomialCircuit circuit(Polynomial::chebyshev(coefficients));
  const auto x = random_real(-1, 1);
  auto twice = encrypted(x, kLevels);
  evaluator.add_to(twice, twice);
  Slots expected(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t k = 0; k < coefficients.size(); ++k)
      expected[i] += coefficients[k] * std::cos(static_cast<double>(k) * std::acos(x[i])) *
                     (k % 2 == 0 ? std::complex<double>(1) : std::complex<double>(0, 1));
  expect_result(circuit.evaluate_turned(evaluator, twice), expected, kLevels - 4, 1e-5);
  EXPECT_THROW(PolynomialCircuit(Polynomial::chebyshev({0, 1})).evaluate_turned(evaluator, twice),
               ParametersError);
}

}  // namespace
}  // namespace cloister::circuits
