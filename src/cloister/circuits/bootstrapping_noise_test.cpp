#include "cloister/circuits/bootstrapping_noise.h"

#include <algorithm>
#include <numbers>

#include "cloister/circuits/bootstrapper_test_fixture.h"
#include "cloister/ckks/noise.h"

namespace cloister::circuits {
namespace {

using Parties = BootstrapperParties;
using Slots = Parties::Slots;

// First prime 2^9 above the scale: two sines err by 2^-34 of the range, so that errors are noise.
constexpr ScaleBits kNoisy{.scale = 36, .first_prime = 45, .raised = 44, .transform = 44};
constexpr int kKeys = 12, kRuns = 8;

struct Form {
  const char* name;
  BootstrappingSpec spec;
  bool two = false;
  ScaleBits bits = kNoisy;
};

BootstrappingNoise noise_of(const Form& form, const ckks::Parameters& parameters) {
  const auto noise = form.two ? bootstrapping_two_noise : bootstrapping_noise;
  return noise(form.spec, parameters.spec(), parameters.rlwe()->spec());
}

// What a bootstrap makes of what the operand decrypts to: the real part where values are, and the mean of
// what should repeat.
Slots kept(const Slots& x, const BootstrappingSpec& spec, bool real) {
  const std::size_t n = std::size_t{1} << spec.log2_slots;
  Slots out(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = i % n; j < x.size(); j += n)
      out[i] += (real ? x[j].real() : x[j]) * (static_cast<double>(n) / static_cast<double>(x.size()));
  return out;
}

class Measured {
 public:
  void add(const Slots& got, const Slots& exact, double range) {
    for (std::size_t i = 0; i < got.size(); ++i) {
      const double error = std::abs(got[i] - exact[i]) / range;
      largest = std::max(largest, error);
      sum_ += error * error;
      ++count_;
    }
  }
  double mean_square() const { return sum_ / static_cast<double>(count_); }

  double largest = 0;

 private:
  double sum_ = 0;
  std::size_t count_ = 0;
};

Measured measure(const Form& form) {
  const BootstrappingSpec& spec = form.spec;
  const int level = spec.slots_to_coefficients;
  Measured out;
  for (int key = 0; key < kKeys; ++key) {
    Parties p(spec, form.bits, static_cast<std::uint64_t>(100 + key));
    const auto decrypted = [&](const ckks::Ciphertext& c) { return p.decryptor.decrypt(c); };
    const auto add = [&](const ckks::Ciphertext& result, const ckks::Ciphertext& operand, bool real) {
      out.add(decrypted(result), kept(decrypted(operand), spec, real), spec.range);
    };
    for (int run = 0; run < kRuns; ++run) {
      const bool real = spec.real || form.two;
      const auto operand = [&] {
        return p.encrypted(p.random(real), level, spec.range * (real ? 1 : std::numbers::sqrt2));
      };
      const auto x = operand();
      if (form.two) {
        // Imaginary parts of the errors of both would be each other's: what is kept is then not of one alone.
        const auto y = operand();
        const auto results = p.bootstrapper.bootstrap_two(p.evaluator, x, y);
        Slots both = decrypted(x);
        const Slots second = decrypted(y);
        for (std::size_t i = 0; i < both.size(); ++i) both[i] += std::complex<double>(0, 1) * second[i];
        both = kept(both, spec, false);
        for (std::size_t which = 0; which < 2; ++which) {
          Slots exact(both.size());
          std::ranges::transform(both, exact.begin(),
                                 [&](const auto& v) { return which == 0 ? v.real() : v.imag(); });
          out.add(decrypted(results[which]), exact, spec.range);
        }
      } else {
        add(p.bootstrapper.bootstrap(p.evaluator, x), x, real);
      }
    }
  }
  return out;
}

double tolerance(int runs) {
  constexpr double kDegree = 2 * Parties::kSlots;
  return 6 * std::sqrt(1 / (2 * kDegree * kKeys) + 4 / (Parties::kSlots * kKeys * static_cast<double>(runs)));
}

class BootstrappingNoiseTest : public ::testing::TestWithParam<Form> {};

// The variance of a slot has |s|^2 as a factor, of the secret's value in it. Its mean over the slots is the
// secret's square norm, whose relative variance is 1 / (2 N) for every key. Given those, the mean square over
// the slots of a run has one of 2 / slots where errors are complex and 4 / slots where they are real, as
// |s|^2 has the mean square 2. Six deviations of both: a false alarm has a chance of 2e-9, and the seeds are
// fixed. What diagonals' encoding errors add repeats as the values do, a small part of the whole.
//
// The largest error is below the bound, which is not vacuous: one of M = 2^15 (or more) that are exponential
// in the error is ln M + 1 = 11 of the exponent's units on average, rarely below 9, where the bound takes 34.
// The worst overflow has up to 1.6 times the mean deviation, and what is systematic comes on top: together
// below 8.
TEST_P(BootstrappingNoiseTest, IsWhatIsMeasured) {
  const Form& form = GetParam();
  const auto parameters = Parties(form.spec, form.bits).parameters;
  const BootstrappingNoise noise = noise_of(form, *parameters);
  const Measured measured = measure(form);
  EXPECT_NEAR(measured.mean_square() / (noise.deviation * noise.deviation), 1, tolerance(kRuns));
  EXPECT_GE(noise.largest_deviation, noise.deviation);
  EXPECT_LE(noise.largest_deviation, 1.6 * noise.deviation);
  EXPECT_LE(measured.largest, noise.bound());
  EXPECT_LE(noise.bound(), 8 * measured.largest);
}

constexpr BootstrappingSpec kFew{.log2_slots = 4, .slots_to_coefficients = 2, .coefficients_to_slots = 2};
constexpr BootstrappingSpec kFewReal{
    .log2_slots = 4, .real = true, .range = 8, .slots_to_coefficients = 1, .coefficients_to_slots = 2};

// The last forms have noise where the others have little: at the fresh scale, and of the diagonals.
INSTANTIATE_TEST_SUITE_P(
    Forms, BootstrappingNoiseTest,
    ::testing::Values(
        Form{"Full", {.log2_slots = 8}}, Form{"FullReal", {.log2_slots = 8, .real = true}}, Form{"Few", kFew},
        Form{"FewTwo", kFew, true}, Form{"FewReal", kFewReal}, Form{"Half", {.log2_slots = 7, .range = 0.5}},
        Form{"SmallScale", kFew, false, {.scale = 30, .first_prime = 38, .raised = 50, .transform = 50}},
        Form{"SmallScaleReal",
             {.log2_slots = 8, .real = true},
             false,
             {.scale = 30, .first_prime = 38, .raised = 50, .transform = 50}},
        Form{"SmallRaisedScale",
             {.log2_slots = 8, .slots_to_coefficients = 2, .coefficients_to_slots = 2},
             false,
             {.scale = 40, .first_prime = 48, .raised = 40, .transform = 40}}),
    [](const auto& test) { return test.param.name; });

// Tolerance as above.
TEST(BootstrappingNoiseRow, AddsSquares) {
  constexpr int kRow = 4;
  const BootstrappingSpec spec{.log2_slots = 8};
  Measured measured;
  BootstrappingNoise noise;
  for (int key = 0; key < kKeys; ++key) {
    Parties p(spec, kNoisy, static_cast<std::uint64_t>(200 + key));
    noise = bootstrapping_noise(spec, p.parameters->spec(), p.parameters->rlwe()->spec()).in_a_row(kRow);
    for (int run = 0; run < 2; ++run) {
      auto value = p.encrypted(p.random(false), spec.slots_to_coefficients, std::numbers::sqrt2);
      const Slots exact = p.decryptor.decrypt(value);
      for (int i = 0; i < kRow; ++i) value = p.bootstrapper.bootstrap(p.evaluator, value);
      measured.add(p.decryptor.decrypt(value), exact, 1);
    }
  }
  EXPECT_NEAR(measured.mean_square() / (noise.deviation * noise.deviation), 1, tolerance(2));
  EXPECT_LE(measured.largest, noise.bound());
}

// Laplace's distribution: exp(-sqrt 2 u) for all slots together; and z K_1(z) for z = 2 u, from tables.
TEST(BootstrappingNoiseTails, AreThoseOfProductsWithTheSecret) {
  EXPECT_NEAR(std::log2(std::exp(-std::numbers::sqrt2 * ckks::real_product_tails(16))), -55, 1e-9);
  const double z = 2 * ckks::complex_product_tails(16);
  // K_1(40.2) = sqrt(pi / 80.4) e^-40.2 (1 + 3 / (8 z) - 15 / (128 z^2)).
  const double bessel = std::sqrt(std::numbers::pi / (2 * z)) * (1 + 3 / (8 * z)) * std::exp(-z);
  EXPECT_NEAR(std::log2(z * bessel), -55, 1e-6);
  EXPECT_LE(z * std::cyl_bessel_k(1, z), std::exp2(-55));
}

TEST(BootstrappingNoiseErrors, NameWhatDoesNotFit) {
  const BootstrappingSpec spec{.log2_slots = 8};
  ckks::ParametersSpec parameters{.log2_degree = 9,
                                  .levels = 6,
                                  .scale_bits = 40,
                                  .first_prime_bits = 46,
                                  .digits = 2,
                                  .raised_levels = spec.raised_levels(),
                                  .raised_scale_bits = 47,
                                  .transform_levels = spec.coefficients_to_slots,
                                  .transform_scale_bits = 41};
  const auto noise = [&](const BootstrappingSpec& of) {
    return bootstrapping_noise(of, parameters, ckks::Parameters::chain(parameters));
  };
  EXPECT_GT(noise(spec).deviation, 0);
  EXPECT_THROW(noise({.log2_slots = 9}), ParametersError);
  EXPECT_THROW(noise({.log2_slots = 2}), ParametersError);  // three stages
  EXPECT_THROW(noise({.log2_slots = 8, .coefficients_to_slots = 2}), ParametersError);
  EXPECT_THROW(noise({.log2_slots = 8, .range = 0}), ParametersError);
  parameters.levels = 2;
  EXPECT_THROW(noise(spec), ParametersError);
  EXPECT_THROW(bootstrapping_two_noise({.log2_slots = 8, .real = true}, parameters,
                                       ckks::Parameters::chain(parameters)),
               ParametersError);
}

}  // namespace
}  // namespace cloister::circuits
