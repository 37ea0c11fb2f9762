#include "cloister/circuits/polynomial.h"

#include <numbers>
#include <numeric>

#include "cloister/circuits/circuits_test_fixture.h"
#include "cloister/circuits/internal/polynomial_algebra.h"
#include "cloister/circuits/polynomial_circuit.h"

namespace cloister::circuits {
namespace {

// sum c_k cos(k arccos u): the definition, which shares nothing with Clenshaw's scheme.
double chebyshev_sum(const std::vector<double>& c, double u) {
  double sum = 0;
  for (std::size_t k = 0; k < c.size(); ++k) sum += c[k] * std::cos(static_cast<double>(k) * std::acos(u));
  return sum;
}
double power_sum(const std::vector<double>& c, double x) {
  double sum = 0;
  for (std::size_t k = 0; k < c.size(); ++k) sum += c[k] * std::pow(x, static_cast<double>(k));
  return sum;
}

// Chebyshev coefficients of the interpolant of a smooth function in the Chebyshev nodes.
template <typename F>
std::vector<double> interpolate(F f, int degree, Interval interval) {
  const int n = degree + 1;
  std::vector<double> out(static_cast<std::size_t>(n));
  for (int k = 0; k < n; ++k)
    for (int j = 0; j < n; ++j) {
      const double angle = std::numbers::pi * (j + 0.5) / n;
      const double x = (interval.low + interval.high + (interval.high - interval.low) * std::cos(angle)) / 2;
      out[static_cast<std::size_t>(k)] += (k == 0 ? 1.0 : 2.0) / n * f(x) * std::cos(k * angle);
    }
  return out;
}
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

int ceil_log2(int n) {
  int out = 0;
  while (1 << out < n) ++out;
  return out;
}

class PolynomialTest : public CircuitsTest {
 protected:
  std::vector<double> random_coefficients(int degree) {
    std::vector<double> c(static_cast<std::size_t>(degree) + 1);
    for (auto& v : c) v = unit();
    c.back() = 1 - c.back() / 2;  // never 0
    return c;
  }
  std::vector<double> mapped(const std::vector<double>& x, const auto& f) {
    std::vector<double> out(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) out[i] = f(x[i]);
    return out;
  }
  // Every rounding and key switch at scale 2^40 and N = 2^10 is below 2^-27 in a slot; Chebyshev's T_k
  // amplifies errors by at most k^2 <= 2^12, |coefficients| <= 1.5 and there are at most 64 of them: 2^-27 +
  // 12 + 6.6.
  static constexpr double kNotVacuous = 0x1p-8;
};

TEST_F(PolynomialTest, BothBasesAtEveryDegreeAtOptimalDepth) {
  for (int degree = 0; degree < 64; ++degree) {
    const int level = kLevels - ceil_log2(degree + 1);
    const auto x = random_real(-1, 1);
    const auto a = encrypted(x, kLevels);
    const auto c = random_coefficients(degree);
    const PolynomialCircuit power(Polynomial::power(c)), chebyshev(Polynomial::chebyshev(c));
    EXPECT_EQ(power.depth(), ceil_log2(degree + 1));
    EXPECT_EQ(PolynomialCircuit::depth(degree), ceil_log2(degree + 1));
    SCOPED_TRACE(degree);
    expect_result(power.evaluate(evaluator, a), mapped(x, [&](double v) { return power_sum(c, v); }), level,
                  kNotVacuous);
    expect_result(chebyshev.evaluate(evaluator, a), mapped(x, [&](double v) { return chebyshev_sum(c, v); }),
                  level, kNotVacuous);
  }
}

TEST_F(PolynomialTest, TheLevelsItNamesAreEnoughAndNeeded) {
  for (const int degree : {1, 2, 3, 4, 7, 8, 15, 16, 31}) {
    const PolynomialCircuit circuit(Polynomial::chebyshev(random_coefficients(degree)));
    const auto x = random_real(-1, 1);
    EXPECT_EQ(circuit.evaluate(evaluator, encrypted(x, circuit.depth())).level(), 0);
    try {
      circuit.evaluate(evaluator, encrypted(x, circuit.depth() - 1));
      FAIL() << degree;
    } catch (const LevelExhaustedError& e) {
      EXPECT_EQ(e.have(), circuit.depth() - 1);
      EXPECT_EQ(e.need(), circuit.depth());
    }
  }
}

TEST_F(PolynomialTest, OddAndEvenPolynomialsSkipWhatIsZero) {
  const auto cost = [](const PolynomialCircuit& c) { return 3 * c.key_switches() + c.rescalings(); };
  const auto x = random_real(-1, 1);
  const auto a = encrypted(x, kLevels);
  for (const int degree : {15, 40, 62, 63}) {
    const auto dense = random_coefficients(degree);
    auto same_parity = dense;
    for (std::size_t k = 0; k < dense.size(); ++k)
      if ((static_cast<std::size_t>(degree) - k) % 2 == 1) same_parity[k] = 0;
    const PolynomialCircuit circuit(Polynomial::chebyshev(same_parity));
    expect_result(circuit.evaluate(evaluator, a),
                  mapped(x, [&](double v) { return chebyshev_sum(same_parity, v); }),
                  kLevels - ceil_log2(degree + 1), kNotVacuous);
    const PolynomialCircuit all(Polynomial::chebyshev(dense));
    if (degree == 15)  // odd babies and even giants are the same as without the even terms
      EXPECT_LE(cost(circuit), cost(all));
    else
      EXPECT_LT(cost(circuit), cost(all)) << degree;
  }
}

// Paterson and Stockmeyer: about 2 sqrt(d) products, where Horner's scheme needs d.
TEST_F(PolynomialTest, KeySwitchesGrowWithTheSquareRootOfTheDegree) {
  for (const int degree : {3, 7, 15, 31, 63, 127, 255}) {
    const PolynomialCircuit circuit(Polynomial::chebyshev(random_coefficients(degree)));
    EXPECT_LE(circuit.key_switches(), 2 * std::sqrt(2 * degree) + std::log2(degree)) << degree;
  }
  EXPECT_EQ(PolynomialCircuit(Polynomial::power({1, 2})).key_switches(), 0);
  EXPECT_EQ(PolynomialCircuit(Polynomial::power({1, 2, 3})).key_switches(), 1);
  EXPECT_EQ(PolynomialCircuit(Polynomial::power({1, 2, 3, 4})).key_switches(), 2);
}

TEST_F(PolynomialTest, SigmoidOfDegreeSevenOnEight) {
  const Interval interval{-8, 8};
  const auto c = interpolate(sigmoid, 7, interval);
  const auto polynomial = Polynomial::chebyshev(c, interval);
  const PolynomialCircuit circuit(polynomial);
  EXPECT_EQ(circuit.depth(), 4);  // the interval's change of variable takes one of them
  const auto x = random_real(-8, 8);
  const auto exact = mapped(x, [&](double v) { return chebyshev_sum(c, v / 8); });
  expect_result(circuit.evaluate(evaluator, encrypted(x, 5)), exact, 1, 1e-5);
  // Scaled by the owner, the same at depth 3.
  const auto scaled = mapped(x, [](double v) { return v / 8; });
  expect_result(circuit.evaluate_scaled(evaluator, encrypted(scaled, 3)), exact, 0, 1e-5);
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(polynomial(x[i]), exact[i], 1e-14);
}

TEST_F(PolynomialTest, DegreeThirtyOneOnAnIntervalThatIsNotCentred) {
  for (const Interval interval : {Interval{-16, 16}, Interval{-4, 28}}) {
    const auto f = [&](double v) { return sigmoid(v - (interval.low + interval.high) / 2); };
    const auto c = interpolate(f, 31, interval);
    const PolynomialCircuit circuit(Polynomial::chebyshev(c, interval));
    EXPECT_EQ(circuit.depth(), 6);
    const auto x = random_real(interval.low, interval.high);
    const double centre = (interval.low + interval.high) / 2;
    expect_result(circuit.evaluate(evaluator, encrypted(x, 6)),
                  mapped(x, [&](double v) { return chebyshev_sum(c, (v - centre) / 16); }), 0, 1e-4);
  }
}

TEST_F(PolynomialTest, ConstantsZerosAndSparsePolynomials) {
  const auto x = random_real(-1, 1);
  const auto a = encrypted(x, 5);
  for (const std::vector<double>& c : {std::vector<double>{0.25},
                                       {0},
                                       {0, 0, 0},
                                       {0.5, 0, 0},
                                       {0, 1},
                                       {0, 0, 0, 0, 2},
                                       {0, 0, 0, 0, 0, 0, 0, -1},
                                       {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3}}) {
    const Polynomial p = Polynomial::power(c);
    const int depth = ceil_log2(p.degree() + 1);
    expect_result(PolynomialCircuit(p).evaluate(evaluator, a),
                  mapped(x, [&](double v) { return power_sum(c, v); }), 5 - depth, 1e-6);
  }
  EXPECT_EQ(Polynomial::power({0, 0, 0}).degree(), 0);
  EXPECT_THROW(Polynomial::power({}), ParametersError);
  EXPECT_THROW(Polynomial::power({1, NAN}), ParametersError);
  EXPECT_THROW(Polynomial::chebyshev({1}, {2, 2}), ParametersError);
  EXPECT_THROW(Polynomial::chebyshev({1}, {0, INFINITY}), ParametersError);
}

TEST_F(PolynomialTest, ErrorsOfTheOperandGrowWithTheSlopeAlone) {
  // T_16 has slope 256 at 1; the operand is off by almost its bound of 1e-6 there.
  std::vector<double> t16(17);
  t16[16] = 1;
  const std::vector<double> exact(parameters->slots(), 1.0), off(parameters->slots(), 1 - 1e-6);
  auto a = encrypted(off, 5);
  a.bound = {1, a.bound.error + 1e-6};
  const auto result = PolynomialCircuit(Polynomial::chebyshev(t16)).evaluate(evaluator, a);
  expect_result(result, exact, 0, 1.1 * 256e-6);
}

TEST_F(PolynomialTest, OperandsThatAwaitTheirRescalingAreFinishedFirst) {
  const auto x = random_real(-1, 1);
  const auto a = encrypted(x, 4);
  const auto product = evaluator.multiply_lazy(a, a);
  const std::vector<double> c{0.5, -1, 0.25};
  expect_result(PolynomialCircuit(Polynomial::power(c)).evaluate(evaluator, product),
                mapped(x, [&](double v) { return power_sum(c, v * v); }), 1, 1e-6);
}

TEST(PolynomialAlgebra, BoundsHoldOnTheComplexNeighbourhoodAndAreTight) {
  Prng prng(Seed(Bytes32{}), 31);
  const auto unit = [&] { return std::ldexp(static_cast<double>(prng.next_u64() >> 11), -52) - 1; };
  for (const Basis basis : {Basis::kPower, Basis::kChebyshev})
    for (const int degree : {1, 2, 5, 16, 40}) {
      internal::Coefficients c(static_cast<std::size_t>(degree) + 1);
      for (auto& v : c) v = unit();
      for (const double margin : {0.0, 1e-8, 0.05}) {
        const double bound = internal::magnitude_bound(basis, c, 1, margin);
        double largest = 0;
        for (int i = 0; i < 4000; ++i) {
          const std::complex<double> z =
              std::cos(std::numbers::pi * i / 3999) + std::polar(margin, std::numbers::pi * unit());
          // sum c_k z^k, or with T_k = cosh(k arcosh z).
          std::complex<double> sum = 0;
          for (std::size_t k = 0; k < c.size(); ++k) {
            const auto degree_k = static_cast<double>(k);
            sum +=
                c[k] * (basis == Basis::kPower ? std::pow(z, degree_k) : std::cosh(degree_k * std::acosh(z)));
          }
          largest = std::max(largest, std::abs(sum));
        }
        EXPECT_LE(largest, bound * (1 + 1e-12));
        if (margin < 1e-6) {
          // 1 / cos(pi / 16) < 1.02, exp(40 sqrt(2e-8)) < 1.006, and the test's grid misses at most as much.
          EXPECT_LE(bound, 1.05 * largest);
        }
      }
    }
}

TEST(PolynomialAlgebra, DerivativesAgreeWithDifferences) {
  const std::vector<double> c{0.3, -1, 0.5, 2, -0.25, 1};
  for (const Basis basis : {Basis::kPower, Basis::kChebyshev})
    for (const double x : {-0.9, -0.2, 0.0, 0.7}) {
      constexpr double kStep = 1e-5;  // error step^2 |p'''| / 6 < 1e-8 for |p'''| < 600
      const double difference =
          (internal::evaluate(basis, c, x + kStep) - internal::evaluate(basis, c, x - kStep)) / (2 * kStep);
      EXPECT_NEAR(internal::evaluate(basis, internal::derivative(basis, c), x), difference, 2e-8);
    }
}

TEST(PolynomialAlgebra, DivisionIsExact) {
  const std::vector<double> c{0.3, -1, 0.5, 2, -0.25, 1, 4};
  for (const Basis basis : {Basis::kPower, Basis::kChebyshev}) {
    const auto [quotient, remainder] = internal::divide(basis, c, 4);
    for (const double x : {-0.9, -0.2, 0.0, 0.7}) {
      const double b4 = internal::evaluate(basis, std::vector<double>{0, 0, 0, 0, 1}, x);
      EXPECT_NEAR(internal::evaluate(basis, quotient, x) * b4 + internal::evaluate(basis, remainder, x),
                  internal::evaluate(basis, c, x), 1e-14);
    }
  }
}

}  // namespace
}  // namespace cloister::circuits
