#include "cloister/circuits/modular_reduction.h"

#include <numbers>

#include "cloister/circuits/circuits_test_fixture.h"
#include "cloister/circuits/internal/exponential_fit.h"
#include "cloister/circuits/internal/reduction_noise.h"

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

TEST(ExponentialFit, SeriesIsNearTheFit) {
  const auto fit = internal::fit_exponential(16, 0x1p-6, 3, 31),
             series = internal::exponential_series(16, 0x1p-6, 3, 31);
  EXPECT_EQ(series.half_width, fit.half_width);
  ASSERT_EQ(series.coefficients.size(), fit.coefficients.size());
  for (std::size_t k = 0; k < fit.coefficients.size(); ++k)
    EXPECT_NEAR(series.coefficients[k], fit.coefficients[k], 0x1p-30) << k;
  EXPECT_GT(series.max_error, fit.max_error);
  EXPECT_LT(series.max_error, 0x1p-30);
}

// In the clear the result is m but for the polynomials' errors, so that its derivative by the operand, t over
// the operand's unit, is the gain times that unit; and `turned` has half of it.
TEST(ReductionNoise, DifferentiatesTheWholeCircuit) {
  constexpr int kTop = 20;
  const ckks::ParametersSpec spec{.log2_degree = 9,
                                  .levels = kTop - ModularReduction::kLevels - 1,
                                  .scale_bits = 40,
                                  .first_prime_bits = 46,
                                  .digits = 2,
                                  .raised_levels = ModularReduction::kLevels + 1,
                                  .raised_scale_bits = 47};
  const internal::OperationNoise operations(spec, ckks::Parameters::chain(spec));
  for (const double margin : {0x1p-6, 0x1p-8})
    for (const double gain : {1.0, 64.0}) {
      const auto fit = internal::fit_exponential(16, margin, 3, 31);
      internal::ReductionTask task{.exponential = fit.coefficients,
                                   .fit_error = fit.max_error,
                                   .overflow = 16,
                                   .margin = margin,
                                   .sines = internal::two_sines(2 * std::numbers::pi * margin),
                                   .squarings = 3,
                                   .level = kTop - 1,
                                   .gain = gain,
                                   .scale = ckks::Scale(0x1p40)};
      const auto noise = internal::reduction_noise(task, operations, {});
      // a e^(ix) + 2 b e^(2ix) is 1 and (a + 4 b) x = 2/3 x across, at x = 2 pi m: at most 1.0022.
      EXPECT_GE(noise.slope, gain * fit.half_width / 4 * (1 - 1e-3));
      EXPECT_LE(noise.slope, gain * fit.half_width / 4 * 1.003);
      // A real error is multiplied by the derivative; of one whose parts are alike half is seen.
      const double square = std::pow(gain * fit.half_width / 2, 2);
      const auto variance = [&](const internal::OperandNoise& operand) {
        return (internal::reduction_noise(task, operations, operand).variance - noise.variance) / square;
      };
      EXPECT_NEAR(variance({.real = 1}), 1, 1e-3);
      EXPECT_NEAR(variance({.circular = 1}), 0.5, 3e-3);
      // The polynomial's error counts the more the smaller the margin is; see ModularReduction.
      EXPECT_GT(noise.systematic, gain * fit.max_error * 8 / (2 * std::numbers::pi));
      EXPECT_LT(noise.systematic, gain * (fit.max_error * 8 / (2 * std::numbers::pi) * 1.01 + 0x1p-36));
      EXPECT_GT(noise.largest_variance, noise.variance);
      const auto series = internal::exponential_series(16, margin, 3, 31);
      task.exponential = series.coefficients;
      EXPECT_NEAR(internal::reduction_noise(task, operations, {}).variance / noise.variance, 1, 1e-2);
    }
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
