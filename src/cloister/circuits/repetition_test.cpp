#include "cloister/circuits/bootstrapper_test_fixture.h"
#include "cloister/circuits/bootstrapping_noise.h"

namespace cloister::circuits {
namespace {

using Parties = BootstrapperParties;
using Slots = Parties::Slots;

constexpr int kLevels = Parties::kLevels;
constexpr BootstrappingSpec kFew{.log2_slots = 4, .slots_to_coefficients = 2, .coefficients_to_slots = 2};
// A scale with room for more than a bootstrap's precision.
constexpr ScaleBits kRoom{.scale = 50, .first_prime = 56, .raised = 57, .transform = 52};

double worst(Parties& p, const ckks::Ciphertext& c, const Slots& exact) {
  const auto got = p.decryptor.decrypt(c);
  double most = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) most = std::max(most, std::abs(got[i] - exact[i]));
  return most;
}

BootstrappingSpec with_repetitions(BootstrappingSpec spec, int repetitions) {
  spec.repetitions = repetitions;
  return spec;
}

class RepetitionTest : public ::testing::TestWithParam<BootstrappingSpec> {};

// From 19 to 22 bits to about 40, of which the bound states 38 and more: what the scale of 2^50 has room for.
TEST_P(RepetitionTest, GainsPrecisionWithinItsBound) {
  const BootstrappingSpec& spec = GetParam();
  const double most = spec.range * (spec.real ? 1 : std::sqrt(2.0));
  Parties p(spec, kRoom);
  const Slots x = p.random(spec.real);
  const auto operand = p.encrypted(x, spec.slots_to_coefficients + 1, most);
  const auto once = p.bootstrapper.bootstrap(p.evaluator, operand);
  const double first_error = worst(p, once, x);
  for (const int repetitions : {1, 2}) {
    const Bootstrapper precise(with_repetitions(spec, repetitions), p.encoder, p.pool);
    const auto renewed = precise.bootstrap(p.evaluator, operand);
    p.expect_slots(renewed, x, once.level() - 1, once.bound.error * 0x1p-12);
    const double error = worst(p, renewed, x);
    EXPECT_LT(error, first_error * 0x1p-12) << repetitions;
    EXPECT_LE(renewed.bound.magnitude, most);
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, RepetitionTest,
                         ::testing::Values(BootstrappingSpec{.log2_slots = 8},
                                           BootstrappingSpec{.log2_slots = 8, .real = true}, kFew,
                                           BootstrappingSpec{.log2_slots = 4,
                                                             .real = true,
                                                             .range = 8,
                                                             .slots_to_coefficients = 1,
                                                             .coefficients_to_slots = 2}),
                         [](const auto& test) {
                           return "Log2Slots" + std::to_string(test.param.log2_slots) +
                                  (test.param.real ? "Real" : "Complex");
                         });

TEST(RepetitionTwo, RenewsTwoRealVectorsAtOnce) {
  Parties p(kFew, kRoom);
  const Slots x = p.random(true), y = p.random(true);
  const auto a = p.encrypted(x, 2, 1), b = p.encrypted(y, 4, 1);
  const auto once = p.bootstrapper.bootstrap_two(p.evaluator, a, b);
  const Bootstrapper precise(with_repetitions(kFew, 1), p.encoder, p.pool);
  const auto renewed = precise.bootstrap_two(p.evaluator, a, b);
  p.expect_slots(renewed[0], x, kLevels - 2, once[0].bound.error * 0x1p-12);
  p.expect_slots(renewed[1], y, kLevels - 2, once[1].bound.error * 0x1p-12);
  EXPECT_LT(worst(p, renewed[0], x), worst(p, once[0], x) * 0x1p-12);
  EXPECT_LT(worst(p, renewed[1], y), worst(p, once[1], y) * 0x1p-12);
}

// A difference is at most what the bound says, and as much of the range as a power of two makes of it.
TEST(RepetitionNoise, FillsTheRangeAsFarAsTheOperandsErrorAllows) {
  Parties p(kFew, kRoom);
  const auto& chain = p.parameters->rlwe()->spec();
  const auto once = bootstrapping_noise(kFew, p.parameters->spec(), chain);
  const auto of = [&](double brought) {
    return repeated_noise(once, false, with_repetitions(kFew, 2), p.parameters->spec(), chain, brought);
  };
  const auto exact = of(0);
  ASSERT_TRUE(exact);
  ASSERT_EQ(exact->rounds.size(), 2);
  EXPECT_LE(exact->rounds[0].factor * once.bound(), 1);
  EXPECT_GT(exact->rounds[0].factor * once.bound(), 0.25);
  double last = exact->after.bound();
  for (const double brought : {0x1p-30, 0x1p-20, 0x1p-12}) {
    const auto noise = of(brought);
    ASSERT_TRUE(noise) << brought;
    for (const auto& round : noise->rounds) EXPECT_LE(round.error, Bootstrapper::kMaxRelativeError / 2);
    EXPECT_GE(noise->after.bound(), last);
    last = noise->after.bound();
    EXPECT_LT(last, once.bound());
  }
  EXPECT_FALSE(of(0x1p-8));
}

TEST(RepetitionErrors, NameWhatDoesNotFit) {
  Parties p(kFew);
  EXPECT_THROW(Bootstrapper(with_repetitions(kFew, -1), p.encoder, p.pool), ParametersError);
  EXPECT_THROW(Bootstrapper(with_repetitions(kFew, kMaxRepetitions + 1), p.encoder, p.pool), ParametersError);
  const Bootstrapper precise(with_repetitions(kFew, 1), p.encoder, p.pool);
  const Slots x = p.random(false);
  EXPECT_THROW(precise.bootstrap(p.evaluator, p.encrypted(x, 1, 1.5)), LevelExhaustedError);
  EXPECT_THROW(precise.bootstrap(p.evaluator, p.encrypted(x, 2, 1.5)), PrecisionError);
  // Good enough for a bootstrap, and nothing to gain by another.
  const auto uncertain =
      ckks::Evaluator::with_bound(p.encrypted(x, 2, std::sqrt(2.0)), {std::sqrt(2.0), 0x1p-7});
  EXPECT_NO_THROW(p.bootstrapper.bootstrap(p.evaluator, uncertain));
  EXPECT_THROW(precise.bootstrap(p.evaluator, uncertain), PrecisionError);
}

}  // namespace
}  // namespace cloister::circuits
