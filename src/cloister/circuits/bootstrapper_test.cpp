#include "cloister/circuits/bootstrapper.h"

#include <gtest/gtest.h>

#include "cloister/circuits/circuits_test_fixture.h"

namespace cloister::circuits {
namespace {

/// A small ring, of a chain as for the real one.
class BootstrapperTest : public ::testing::Test {
 protected:
  using Slots = std::vector<std::complex<double>>;
  static constexpr int kLog2Degree = 9;
  static constexpr std::size_t kSlots = 256;
  static constexpr int kLevels = 6;

  ThreadPool pool{2};
  Prng prng{Seed(Bytes32{}), 31};

  double unit() { return std::ldexp(static_cast<double>(prng.next_u64() >> 11), -52) - 1; }
  Slots random(const BootstrappingSpec& spec) {
    Slots out(kSlots);
    const std::size_t n = std::size_t{1} << spec.log2_slots;
    for (std::size_t i = 0; i < kSlots; ++i) {
      if (i < n)
        out[i] = spec.range * std::complex<double>(unit(), spec.real ? 0 : unit());
      else
        out[i] = out[i % n];
    }
    return out;
  }

  void expect_renewed(const BootstrappingSpec& spec) {
    const auto parameters = ckks::InsecureParametersForTests::create({.log2_degree = kLog2Degree,
                                                                      .levels = kLevels,
                                                                      .scale_bits = 40,
                                                                      .first_prime_bits = 46,
                                                                      .digits = 2,
                                                                      .raised_levels = spec.raised_levels(),
                                                                      .raised_scale_bits = 46},
                                                                     scalar_kernels());
    const auto secret = rlwe::SecretKey::generate(parameters->rlwe(), prng, pool);
    const rlwe::KeyGenerator generator(secret, pool);
    rlwe::EvaluationKeys keys;
    keys.set_relinearization(generator.relinearization_key(prng, parameters->rlwe()->ring()->q_count()));
    keys.set_encapsulation(generator.encapsulation_keys(prng));
    for (const auto& use : Bootstrapper::galois_uses(spec, *parameters))
      keys.add_galois(generator.galois_key(use.element, prng, use.q_limbs));
    const ckks::Encoder encoder(parameters, pool);
    const ckks::Evaluator evaluator(parameters, &keys, pool);
    const ckks::Decryptor decryptor(secret, encoder, pool);
    const Bootstrapper bootstrapper(spec, encoder, pool);

    const Slots x = random(spec);
    const auto operand = ckks::encrypt(
        *parameters, secret,
        encoder.encode(x, spec.slots_to_coefficients, {}, spec.range * (spec.real ? 1 : std::sqrt(2.0))),
        prng, pool);
    const auto result = bootstrapper.bootstrap(evaluator, operand);
    const bool masked = !spec.real && (std::size_t{1} << spec.log2_slots) < kSlots;
    EXPECT_EQ(result.level(), parameters->max_level() - (masked ? 1 : 0));
    EXPECT_EQ(result.scale, parameters->scale_at(result.level()));
    const auto got = decryptor.decrypt(result);
    double worst = 0;
    for (std::size_t i = 0; i < kSlots; ++i) worst = std::max(worst, std::abs(got[i] - x[i]));
    std::cout << "worst 2^" << std::log2(worst) << " bound 2^" << std::log2(result.bound.error) << "\n";
    EXPECT_LE(worst, result.bound.error);
  }
};

TEST_F(BootstrapperTest, RenewsAllSlots) { expect_renewed({.log2_slots = 8}); }
TEST_F(BootstrapperTest, RenewsRealSlots) { expect_renewed({.log2_slots = 8, .real = true}); }
TEST_F(BootstrapperTest, RenewsFewSlots) {
  expect_renewed({.log2_slots = 4, .slots_to_coefficients = 2, .coefficients_to_slots = 2});
}
TEST_F(BootstrapperTest, RenewsFewRealSlots) {
  expect_renewed(
      {.log2_slots = 4, .real = true, .range = 8, .slots_to_coefficients = 2, .coefficients_to_slots = 2});
}

}  // namespace
}  // namespace cloister::circuits
