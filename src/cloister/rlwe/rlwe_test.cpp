#include <gtest/gtest.h>

#include <cmath>
#include <type_traits>

#include "cloister/math/primes.h"
#include "cloister/random/samplers.h"
#include "cloister/ring/poly_ops.h"
#include "cloister/rlwe/galois.h"
#include "cloister/rlwe/key_switch.h"
#include "cloister/rlwe/noise.h"
#include "cloister/rlwe/owner/encryption.h"
#include "cloister/rlwe/owner/key_generator.h"
#include "cloister/rlwe/public_encryption.h"
#include "cloister/rlwe/security.h"
#include "cloister/rlwe/testing/insecure_parameters.h"

namespace cloister::rlwe {
namespace {

ParametersSpec small_spec(int log2_degree, int q_count, int digits) {
  ParametersSpec spec{.log2_degree = log2_degree, .q_primes = {}, .p_primes = {}, .digits = digits};
  std::vector<std::uint64_t> taken;
  const auto next = [&](double target) {
    taken.push_back(nearest_prime(target, std::uint64_t{2} << log2_degree, taken));
    return taken.back();
  };
  for (int i = 0; i < q_count; ++i) spec.q_primes.push_back(next(0x1p40));
  for (int i = 0; i < (q_count + digits - 1) / digits; ++i) spec.p_primes.push_back(next(0x1p42));
  return spec;
}

class RlweTest : public ::testing::TestWithParam<int> {
 protected:
  ThreadPool pool{2};
  std::shared_ptr<const Parameters> parameters =
      InsecureParametersForTests::create(small_spec(10, 5, GetParam()), scalar_kernels());
  std::shared_ptr<const Ring> ring = parameters->ring();
  Prng prng{Seed(Bytes32{}), 17};
  SecretKey secret = SecretKey::generate(parameters, prng, pool);
  KeyGenerator generator{secret, pool};

  // Largest magnitude and mean square of a small polynomial's coefficients, read from its first limb.
  struct Size {
    double largest = 0, variance = 0;
  };
  Size size_of(EvaluationPoly poly) {
    const auto c = to_coefficient(std::move(poly), pool);
    Size s;
    for (std::size_t j = 0; j < ring->degree(); ++j) {
      const auto v = static_cast<double>(c.modulus(0).centre(c.limb(0)[j]));
      s.largest = std::max(s.largest, std::abs(v));
      s.variance += v * v / static_cast<double>(ring->degree());
    }
    return s;
  }
  // Coefficients of the mean square of N Gaussian values: within 6 deviations, sqrt(2 / N) each.
  void expect_variance(double measured, double expected) {
    EXPECT_NEAR(measured / expected, 1, 6 * std::sqrt(2 / static_cast<double>(ring->degree())));
  }
  EvaluationPoly phase_of(const PolyPair& pair) {
    auto out = EvaluationPoly::uninitialized(ring, pair.first.limbs());
    mul(pair.second, secret.evaluation(), out, pool);
    add(out, pair.first, out, pool);
    return out;
  }
};

TEST_P(RlweTest, FreshEncryptionsHaveTheirNoise) {
  const SeededPair zero = encrypt_zero(secret, {5, 0}, prng, pool);
  std::vector<EvaluationPoly> parts;
  parts.push_back(zero.b.clone());
  parts.push_back(zero.a.clone());
  const Size symmetric = size_of(phase(secret, parts, 5, pool));
  EXPECT_LE(symmetric.largest, kErrorBound);
  expect_variance(symmetric.variance, fresh_secret_variance());

  const PublicKey key = generator.public_key(prng);
  auto [b, a] = encrypt_zero(key, 3, prng, pool);
  std::vector<EvaluationPoly> public_parts;
  public_parts.push_back(std::move(b));
  public_parts.push_back(std::move(a));
  expect_variance(size_of(phase(secret, public_parts, 3, pool)).variance, fresh_public_variance(*parameters));
}

TEST_P(RlweTest, RelinearizationHasItsNoiseAtEveryLevel) {
  const KeySwitchKey key = generator.relinearization_key(prng, 5);
  const KeySwitcher switcher(parameters, pool);
  for (std::size_t limbs = 1; limbs <= 5; ++limbs) {
    const auto a = expand_uniform(ring, {limbs, 0}, Seed(Bytes32{}), 99, pool);
    auto difference = phase_of(switcher.switch_key(a, key));
    auto target = EvaluationPoly::uninitialized(ring, {limbs, 0});
    mul(a, secret.evaluation(), target, pool);
    mul(target, secret.evaluation(), target, pool);
    sub(difference, target, difference, pool);
    expect_variance(size_of(std::move(difference)).variance, key_switch_variance(*parameters, limbs));
  }
}

TEST_P(RlweTest, GaloisKeysSwitchBeforeThePermutation) {
  const KeySwitcher switcher(parameters, pool);
  for (const std::int64_t steps : {1, -3, 100}) {
    const auto g = galois_element_of_rotation(steps, ring->log2_degree());
    const GaloisKey key = generator.galois_key(g, prng, 4);
    const auto a = expand_uniform(ring, {4, 0}, Seed(Bytes32{}), 98, pool);
    const PolyPair switched = switcher.switch_key(a, key.key);
    const PolyPair moved{key.automorphism.apply(switched.first, pool),
                         key.automorphism.apply(switched.second, pool)};
    auto difference = phase_of(moved);
    auto target = EvaluationPoly::uninitialized(ring, {4, 0});
    mul(a, secret.evaluation(), target, pool);
    target = key.automorphism.apply(target, pool);
    sub(difference, target, difference, pool);
    expect_variance(size_of(std::move(difference)).variance, key_switch_variance(*parameters, 4));
  }
}

TEST_P(RlweTest, KeysOfLowerLevelsArePrefixesAndRefuseHigherOnes) {
  const KeySwitchKey low = generator.relinearization_key(prng, 2);
  const KeySwitcher switcher(parameters, pool);
  EXPECT_EQ(low.b.size(), parameters->digits_at(2));
  EXPECT_THROW(switcher.switch_key(expand_uniform(ring, {3, 0}, Seed(Bytes32{}), 1, pool), low),
               MissingKeyError);
  EXPECT_THROW(generator.relinearization_key(prng, 6), ParametersError);
}

INSTANTIATE_TEST_SUITE_P(Digits, RlweTest, ::testing::Values(1, 2, 3, 5));

TEST(RlweParameters, SecurityTableIsEnforced) {
  // 28 bits at degree 1024, where the table allows 26.
  ParametersSpec spec{
      .log2_degree = 10, .q_primes = {nearest_prime(0x1p28, 2048, {})}, .p_primes = {}, .digits = 1};
  EXPECT_THROW(Parameters::create(spec, scalar_kernels()), SecurityError);
  spec.q_primes = {nearest_prime(0x1p25, 2048, {})};
  const auto good = Parameters::create(spec, scalar_kernels());
  EXPECT_LE(good->log2_qp(), max_log2_modulus(10));
  EXPECT_EQ(max_log2_modulus(9), 0);
  EXPECT_EQ(max_log2_modulus(15), 868);
}

TEST(RlweParameters, RefusesUnfitDigitsAndSpecialModulus) {
  auto spec = small_spec(10, 4, 2);
  spec.p_primes.pop_back();
  EXPECT_THROW(InsecureParametersForTests::create(spec, scalar_kernels()), ParametersError);
  spec.digits = 0;
  EXPECT_THROW(InsecureParametersForTests::create(spec, scalar_kernels()), ParametersError);
}

TEST(RlweParameters, IdFollowsTheSpec) {
  const auto a = InsecureParametersForTests::create(small_spec(10, 4, 2), scalar_kernels());
  const auto b = InsecureParametersForTests::create(small_spec(10, 4, 2), scalar_kernels());
  const auto c = InsecureParametersForTests::create(small_spec(10, 3, 2), scalar_kernels());
  EXPECT_EQ(a->id(), b->id());
  EXPECT_NE(a->id(), c->id());
}

static_assert(!std::is_copy_constructible_v<SecretKey> && !std::is_copy_assignable_v<SecretKey>);
static_assert(std::is_move_constructible_v<SecretKey>);

TEST(Secrets, StoredCoefficientsMustBeTernary) {
  const ThreadPool pool(1);
  const auto parameters = InsecureParametersForTests::create(small_spec(10, 2, 1), scalar_kernels());
  SecretBuffer<std::int8_t> good(1024), bad(1024);
  bad[7] = 2;
  EXPECT_NO_THROW(SecretKey::from_coefficients(parameters, std::move(good), pool));
  EXPECT_THROW(SecretKey::from_coefficients(parameters, std::move(bad), pool), DecodeError);
  EXPECT_THROW(SecretKey::from_coefficients(parameters, SecretBuffer<std::int8_t>(8), pool), DecodeError);
}

TEST(Galois, InverseAndRotationComposition) {
  for (const std::int64_t steps : {0, 1, 7, -1, 300}) {
    const auto g = galois_element_of_rotation(steps, 10);
    EXPECT_EQ(inverse_galois_element(g, 10), galois_element_of_rotation(-steps, 10));
  }
  EXPECT_EQ(inverse_galois_element(galois_element_of_conjugation(10), 10), galois_element_of_conjugation(10));
}

TEST(EvaluationKeys, NamesWhatIsMissing) {
  const EvaluationKeys keys;
  EXPECT_THROW(keys.relinearization(), MissingKeyError);
  try {
    keys.galois(5, "rotate by 1");
    FAIL();
  } catch (const MissingKeyError& e) {
    EXPECT_EQ(e.galois_element(), 5u);
    EXPECT_NE(std::string(e.what()).find("rotate by 1"), std::string::npos);
  }
}

}  // namespace
}  // namespace cloister::rlwe
