#include "cloister/circuits/bootstrapper.h"

#include "cloister/circuits/bootstrapper_test_fixture.h"

namespace cloister::circuits {
namespace {

using Parties = BootstrapperParties;
using Slots = Parties::Slots;
constexpr int kLog2Degree = Parties::kLog2Degree;
constexpr int kLevels = Parties::kLevels;

constexpr BootstrappingSpec kFew{.log2_slots = 4, .slots_to_coefficients = 2, .coefficients_to_slots = 2};

class BootstrapperTest : public ::testing::TestWithParam<BootstrappingSpec> {};

// The bound is of the errors that were derived, and below 2^-20 of the range: that of two sines rules in a
// small ring, and is 2^-21.6 for a complex slot.
TEST_P(BootstrapperTest, RenewsLevels) {
  const BootstrappingSpec& spec = GetParam();
  Parties p(spec);
  const Slots x = p.random(spec.real);
  const auto operand =
      p.encrypted(x, spec.slots_to_coefficients, spec.range * (spec.real ? 1 : std::sqrt(2.0)));
  const bool masked = !spec.real && spec.log2_slots < 8;
  p.expect_slots(p.bootstrapper.bootstrap(p.evaluator, operand), x, kLevels - (masked ? 1 : 0),
                 spec.range * 0x1p-20);
}

INSTANTIATE_TEST_SUITE_P(Forms, BootstrapperTest,
                         ::testing::Values(BootstrappingSpec{.log2_slots = 8},
                                           BootstrappingSpec{.log2_slots = 8, .real = true}, kFew,
                                           BootstrappingSpec{.log2_slots = 7, .range = 0.5},
                                           BootstrappingSpec{.log2_slots = 4,
                                                             .real = true,
                                                             .range = 8,
                                                             .slots_to_coefficients = 1,
                                                             .coefficients_to_slots = 2}),
                         [](const auto& test) {
                           return "Log2Slots" + std::to_string(test.param.log2_slots) +
                                  (test.param.real ? "Real" : "Complex");
                         });

TEST(BootstrapperTwo, RenewsTwoRealVectorsAtOnce) {
  Parties p(kFew);
  const Slots x = p.random(true), y = p.random(true);
  const auto renewed = p.bootstrapper.bootstrap_two(p.evaluator, p.encrypted(x, 2, 1), p.encrypted(y, 3, 1));
  p.expect_slots(renewed[0], x, kLevels - 1, 0x1p-20);
  p.expect_slots(renewed[1], y, kLevels - 1, 0x1p-20);
}

TEST(BootstrapperRow, ErrorsAddUpWithinTheirBound) {
  for (const BootstrappingSpec& spec :
       {BootstrappingSpec{.log2_slots = 8, .real = true}, BootstrappingSpec{.log2_slots = 8}, kFew}) {
    Parties p(spec);
    const Slots x = p.random(spec.real);
    auto value = p.encrypted(x, 3, spec.real ? 1 : std::sqrt(2.0));
    for (int i = 1; i <= 5; ++i) {
      value = p.bootstrapper.bootstrap(p.evaluator, value);
      p.expect_slots(value, x, value.level(), i * 0x1p-20);
      const double largest = spec.range * (spec.real ? 1 : std::sqrt(2.0));
      EXPECT_LE(value.bound.magnitude, largest);
      for (const auto& v : x) ASSERT_LE(std::abs(v), value.bound.magnitude);
    }
  }
}

TEST(BootstrapperThreads, GiveTheSameBits) {
  Parties p(kFew);
  const auto operand = p.encrypted(p.random(false), 2, std::sqrt(2.0));
  const auto expected = p.bootstrapper.bootstrap(p.evaluator, operand);
  const ThreadPool one(1);
  const ckks::Evaluator evaluator(p.parameters, &p.keys, one);
  const auto got = Bootstrapper(kFew, ckks::Encoder(p.parameters, one), one).bootstrap(evaluator, operand);
  for (std::size_t part = 0; part < 2; ++part)
    for (std::size_t i = 0; i < got.parts[part].limbs().count(); ++i)
      ASSERT_TRUE(std::ranges::equal(got.parts[part].limb_span(i), expected.parts[part].limb_span(i)));
}

// But for the third of three rotations at once, which sums do without where it is missing, in two steps.
TEST(BootstrapperKeys, AreAllNeeded) {
  Parties p(kFew);
  const std::vector<std::uint64_t> thirds{rlwe::galois_element_of_rotation(3 * 16, kLog2Degree),
                                          rlwe::galois_element_of_rotation(3 * 64, kLog2Degree)};
  const auto operand = p.encrypted(p.random(false), 2, std::sqrt(2.0));
  for (const auto& missing : p.uses) {
    rlwe::EvaluationKeys some;
    some.set_relinearization(p.generator.relinearization_key(p.prng, p.parameters->ring()->q_count()));
    some.set_encapsulation(p.generator.encapsulation_keys(p.prng));
    for (const auto& use : p.uses)
      if (use != missing) some.add_galois(p.generator.galois_key(use.element, p.prng, use.q_limbs));
    const ckks::Evaluator evaluator(p.parameters, &some, p.pool);
    if (std::ranges::find(thirds, missing.element) != thirds.end())
      EXPECT_NO_THROW(p.bootstrapper.bootstrap(evaluator, operand));
    else
      EXPECT_THROW(p.bootstrapper.bootstrap(evaluator, operand), MissingKeyError) << missing.element;
  }
  const ckks::Evaluator none(p.parameters, nullptr, p.pool);
  EXPECT_THROW(p.bootstrapper.bootstrap(none, operand), MissingKeyError);
}

TEST(BootstrapperErrors, NameWhatDoesNotFit) {
  Parties p(kFew);
  const Slots x = p.random(false);
  EXPECT_THROW(p.bootstrapper.bootstrap(p.evaluator, p.encrypted(x, 1, 1.5)), LevelExhaustedError);
  EXPECT_THROW(p.bootstrapper.bootstrap(p.evaluator, p.encrypted(x, 2, 1.5)), PrecisionError);
  // An error that could leave the range of what is reduced.
  const auto uncertain = [&](double error) {
    return ckks::Evaluator::with_bound(p.encrypted(x, 2, std::sqrt(2.0)), {std::sqrt(2.0), error});
  };
  EXPECT_NO_THROW(p.bootstrapper.bootstrap(p.evaluator, uncertain(0x1p-7)));
  EXPECT_THROW(p.bootstrapper.bootstrap(p.evaluator, uncertain(0x1.1p-6)), PrecisionError);
  const auto refused = [&](BootstrappingSpec spec) {
    EXPECT_THROW(Bootstrapper(spec, p.encoder, p.pool), ParametersError);
  };
  refused({.log2_slots = 9, .slots_to_coefficients = 2, .coefficients_to_slots = 2});
  refused({.log2_slots = 4, .slots_to_coefficients = 2, .coefficients_to_slots = 3});
  refused({.log2_slots = 4, .range = 0, .slots_to_coefficients = 2, .coefficients_to_slots = 2});
  refused({.log2_slots = 6, .slots_to_coefficients = 6, .coefficients_to_slots = 2});
}

}  // namespace
}  // namespace cloister::circuits
