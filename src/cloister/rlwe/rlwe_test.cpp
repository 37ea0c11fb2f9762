#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "cloister/math/primes.h"
#include "cloister/random/samplers.h"
#include "cloister/ring/poly_ops.h"
#include "cloister/rlwe/double_hoisting.h"
#include "cloister/rlwe/galois.h"
#include "cloister/rlwe/key_switch.h"
#include "cloister/rlwe/modulus_raiser.h"
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

// Factors are monomials, so that each error enters with its own variance.
class DoubleHoistingTest : public RlweTest {
 protected:
  static constexpr std::size_t kLimbs = 4;  // of the operand; the keys have five
  using Term = DoubleHoisting::Term;

  DoubleHoistingTest() {
    for (const std::int64_t step : {1, -3, 100})
      keys.push_back(
          generator.galois_key(galois_element_of_rotation(step, ring->log2_degree()), prng, kLimbs + 1));
    for (const std::size_t power : {5, 0, 700, 33}) {
      std::vector<std::int8_t> coefficients(ring->degree());
      coefficients[power] = 1;
      factor_polys.push_back(to_evaluation(
          from_small(ring, {kLimbs, ring->p_count()}, std::span<const std::int8_t>(coefficients), pool),
          pool));
      factors.emplace_back(factor_polys.back(), 1);
    }
  }
  // What the operand decrypts to, moved, times a factor; a rotation of none has the index of no key.
  EvaluationPoly exact(const EvaluationPoly& message, const Term& term) {
    auto out =
        term.rotation < keys.size() ? keys[term.rotation].automorphism.apply(message, pool) : message.clone();
    mul(out, factor_polys[static_cast<std::size_t>(term.factor - factors.data())], out, pool);
    return out;
  }
  // How far a raised pair, divided by P, is from `message`.
  Size error_of(const PolyPair& raised, const EvaluationPoly& message) {
    PolyPair down{EvaluationPoly(ring, {kLimbs, 0}), EvaluationPoly(ring, {kLimbs, 0})};
    parameters->mod_down(kLimbs).apply<2>(
        {&raised.first, &raised.second}, pool,
        [&](std::size_t half, std::size_t i) { return (half == 0 ? down.first : down.second).limb(i); });
    auto difference = phase_of(down);
    sub(difference, message, difference, pool);
    return size_of(std::move(difference));
  }

  std::vector<GaloisKey> keys;
  std::vector<EvaluationPoly> factor_polys;
  std::vector<RepeatedPoly> factors;
  PolyPair operand{expand_uniform(ring, {kLimbs, 0}, Seed(Bytes32{}), 96, pool),
                   expand_uniform(ring, {kLimbs, 0}, Seed(Bytes32{}), 97, pool)};
  DoubleHoisting hoisting{parameters, pool};
};

TEST_P(DoubleHoistingTest, SumsHaveTheirNoise) {
  const std::vector<const GaloisKey*> rotations{&keys[0], &keys[1], &keys[2], nullptr};
  const std::vector<std::vector<Term>> lists{
      {{0, &factors[0]}, {1, &factors[1]}, {2, &factors[2]}, {3, &factors[3]}},
      {{1, &factors[3]}, {3, &factors[0]}}};
  auto sums = hoisting.sums(operand.first, operand.second, rotations, lists);
  ASSERT_EQ(sums.size(), 2u);
  const auto message = phase_of(operand);
  std::vector<EvaluationPoly> messages;
  for (const auto& list : lists) {
    auto& sum = messages.emplace_back(ring, LimbSet{kLimbs, 0});
    for (const Term& term : list) add(sum, exact(message, term), sum, pool);
  }
  const double key_error = key_error_variance(*parameters, kLimbs), rounding = rounding_variance(*parameters);
  expect_variance(error_of(sums[0], messages[0]).variance, 3 * key_error + rounding);
  expect_variance(error_of(sums[1], messages[1]).variance, key_error + rounding);

  // A giant step: the error of what it moves, of its key, and half a's rounding, which is all but 1 / 12 of a
  // pair's.
  hoisting.add_rotation(sums[1], keys[2], sums[0]);
  add(messages[0], keys[2].automorphism.apply(messages[1], pool), messages[0], pool);
  expect_variance(error_of(sums[0], messages[0]).variance, 5 * key_error + 2 * rounding - 1.0 / 12);
}

TEST_P(DoubleHoistingTest, SumsMoreTermsThanAKernelTakes) {
  const std::vector<const GaloisKey*> rotations{&keys[0]};
  const std::vector<std::vector<Term>> lists{std::vector<Term>(600, Term{0, &factors[1]}),
                                             {{0, &factors[1]}}};
  const auto sums = hoisting.sums(operand.first, operand.second, rotations, lists);
  auto times = EvaluationPoly::uninitialized(ring, sums[1].first.limbs());
  mul_scalar(sums[1].first, std::vector<std::uint64_t>(ring->all_limbs().count(), 600), times, pool);
  for (std::size_t i = 0; i < times.limbs().count(); ++i)
    EXPECT_TRUE(std::ranges::equal(times.limb_span(i), sums[0].first.limb_span(i))) << i;
}

TEST_P(DoubleHoistingTest, RefusesKeysOfLowerLevels) {
  const GaloisKey low = generator.galois_key(5, prng, kLimbs - 1);
  const std::vector<const GaloisKey*> rotations{&low};
  const std::vector<std::vector<Term>> lists{{{0, &factors[0]}}};
  EXPECT_THROW(hoisting.sums(operand.first, operand.second, rotations, lists), MissingKeyError);
  const std::vector<const GaloisKey*> none{nullptr};
  auto sums = hoisting.sums(operand.first, operand.second, none, lists);
  EXPECT_THROW(hoisting.add_rotation(sums[0], low, sums[0]), MissingKeyError);
}

INSTANTIATE_TEST_SUITE_P(Digits, DoubleHoistingTest, ::testing::Values(1, 2, 3, 5));

// A ciphertext at level 0 of a small message, raised: the message, multiples of the first prime, and the
// error that is stated.
TEST_P(RlweTest, RaisingAddsFewMultiplesOfThePrime) {
  const EncapsulationKeys keys = generator.encapsulation_keys(prng);
  const ModulusRaiser raiser(parameters, pool);
  std::vector<std::int64_t> message(ring->degree());
  for (auto& m : message) m = static_cast<std::int64_t>(prng.next_u64() >> 31) - (std::int64_t{1} << 32);
  const auto poly =
      to_evaluation(from_small(ring, {1, 0}, std::span<const std::int64_t>(message), pool), pool);
  const SeededPair fresh = encrypt(secret, poly, prng, pool);
  const auto raised = to_coefficient(phase_of(raiser.raise(fresh.b, fresh.a, keys)), pool);
  ASSERT_EQ(raised.limbs(), (LimbSet{5, 0}));

  const Modulus &q = raised.modulus(0), &q1 = raised.modulus(1);
  double variance = 0;
  bool multiples = false;
  for (std::size_t j = 0; j < ring->degree(); ++j) {
    // What is left of the message modulo q is the error; the rest, from the second prime, a multiple of q.
    const std::int64_t low = q.centre(raised.limb(0)[j]), error = low - message[j];
    const std::int64_t overflow =
        q1.centre(q1.mul(q1.sub(raised.limb(1)[j], q1.reduce(low)), q1.inverse(q1.reduce(q.value()))));
    ASSERT_LE(std::abs(overflow), ModulusRaiser::largest_overflow());
    for (std::size_t i = 2; i < 5; ++i) {
      const Modulus& r = raised.modulus(i);
      ASSERT_EQ(raised.limb(i)[j], r.add(r.reduce(low), r.mul(r.reduce(overflow), r.reduce(q.value()))));
    }
    multiples = multiples || overflow != 0;
    variance += static_cast<double>(error) * static_cast<double>(error) / static_cast<double>(ring->degree());
  }
  EXPECT_TRUE(multiples);
  expect_variance(variance, raiser.error_variance() + fresh_secret_variance());
}

TEST_P(RlweTest, RepeatedPolysHaveTheValuesOfTheirPoly) {
  constexpr std::size_t kRun = 8;
  std::vector<std::int8_t> coefficients(ring->degree());
  for (std::size_t j = 0; j < coefficients.size(); j += kRun)
    coefficients[j] = static_cast<std::int8_t>(j / kRun % 5);
  const auto poly = to_evaluation(
      from_small(ring, ring->all_limbs(), std::span<const std::int8_t>(coefficients), pool), pool);
  const RepeatedPoly repeated(poly, kRun);
  std::vector<std::uint64_t> scratch(64);
  for (std::size_t i = 0; i < poly.limbs().count(); ++i)
    for (const auto& [start, size] : {std::pair<std::size_t, std::size_t>{0, 64}, {128, 16}, {1020, 4}})
      EXPECT_TRUE(std::equal(poly.limb(i) + start, poly.limb(i) + start + size,
                             repeated.values(i, start, size, scratch.data())));
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
  EXPECT_EQ(max_log2_modulus(13, SecurityTable::k2018), 218);
  EXPECT_EQ(max_log2_modulus(16, SecurityTable::k2018), 0);
}

TEST(RlweParameters, SparseSecretsAreForSmallModuliAndLargeRings) {
  const auto with_first_prime = [](int log2_degree, double first) {
    const std::uint64_t step = std::uint64_t{2} << log2_degree;
    const std::uint64_t q = nearest_prime(first, step, {});
    return Parameters::create({.log2_degree = log2_degree, .q_primes = {q}, .p_primes = {}, .digits = 1},
                              scalar_kernels());
  };
  EXPECT_LE(with_first_prime(16, 0x1p50)->encapsulated()->log2_qp(), max_log2_encapsulated_modulus(16));
  EXPECT_THROW(with_first_prime(16, 0x1.8p59)->encapsulated(), SecurityError);
  EXPECT_THROW(with_first_prime(15, 0x1p40)->encapsulated(), SecurityError);
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

// The size of digits follows the bits of their primes, not only how many there are.
// Sixteen primes of 40 bits in two digits and eight of 42: P is 16 bits above a digit, and so is the part of
// it that is used for fewer limbs.
TEST(ParametersSpec, LowerLevelsUseFewerSpecialPrimes) {
  const ParametersSpec spec = small_spec(10, 16, 2);
  ASSERT_EQ(spec.digit_size(), 8u);
  EXPECT_EQ(spec.special_limbs(16), 8u);
  EXPECT_EQ(spec.special_limbs(9), 8u);
  EXPECT_EQ(spec.special_limbs(8), 8u);
  EXPECT_EQ(spec.special_limbs(7), 8u);  // 280 and 16 bits are more than 7 times 42
  EXPECT_EQ(spec.special_limbs(4), 5u);
  EXPECT_EQ(spec.special_limbs(1), 2u);
  const auto parameters = InsecureParametersForTests::create(spec, scalar_kernels());
  for (std::size_t limbs = 1; limbs <= 16; ++limbs) {
    EXPECT_EQ(parameters->raised_limbs(limbs), spec.raised_limbs(limbs));
    // No more noise than where all of P is used for a whole digit.
    EXPECT_LE(key_error_variance(spec, limbs), 2 * key_error_variance(spec, 8) * (1 + 1e-9)) << limbs;
  }
  const ThreadPool pool(1);
  Prng prng{Seed(Bytes32{}), 18};
  const SecretKey secret = SecretKey::generate(parameters, prng, pool);
  const KeyGenerator generator(secret, pool);
  EXPECT_EQ(generator.relinearization_key(prng, 4).b.front().limbs(), (LimbSet{4, 5}));
  EXPECT_EQ(generator.relinearization_key(prng, 9).b.front().limbs(), (LimbSet{9, 8}));
}

TEST(ParametersSpec, DigitsAreAsEvenAsTheirNumberAllows) {
  ParametersSpec spec{.log2_degree = 11, .q_primes = {}, .p_primes = {}, .digits = 2};
  spec.q_primes = {1ull << 46, 1ull << 40, 1ull << 40, 1ull << 40, 1ull << 50, 1ull << 50, 1ull << 50};
  EXPECT_EQ(spec.digit_size(), 4u);  // 166 and 150 bits; of five 216
  spec.q_primes = {1ull << 30, 1ull << 30, 1ull << 30, 1ull << 30,
                   1ull << 50, 1ull << 50, 1ull << 50, 1ull << 50};
  EXPECT_EQ(spec.digit_size(), 5u);  // 170 and 150 bits; of four 200
  spec.q_primes.assign(9, 1ull << 40);
  EXPECT_EQ(spec.digit_size(), 5u);
  spec.digits = 9;
  EXPECT_EQ(spec.digit_size(), 1u);
}

}  // namespace
}  // namespace cloister::rlwe
