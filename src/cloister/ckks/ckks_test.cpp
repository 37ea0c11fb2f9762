#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>

#include "cloister/ckks/encoder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/noise.h"
#include "cloister/ckks/owner/decryptor.h"
#include "cloister/ckks/owner/secret_encryptor.h"
#include "cloister/ckks/public_encryptor.h"
#include "cloister/ckks/rotations.h"
#include "cloister/ckks/testing/insecure_parameters.h"
#include "cloister/rlwe/galois.h"
#include "cloister/rlwe/owner/key_generator.h"

namespace cloister::ckks {
namespace {

using Slots = std::vector<std::complex<double>>;

class CkksTest : public ::testing::Test {
 protected:
  static constexpr int kLevels = 6;
  ThreadPool pool{2};
  std::shared_ptr<const Parameters> parameters = InsecureParametersForTests::create(
      {.log2_degree = 11, .levels = kLevels, .scale_bits = 40, .first_prime_bits = 50, .digits = 3},
      scalar_kernels());
  Prng prng{Seed(Bytes32{}), 5};
  rlwe::SecretKey secret = rlwe::SecretKey::generate(parameters->rlwe(), prng, pool);
  rlwe::KeyGenerator generator{secret, pool};
  rlwe::EvaluationKeys keys = make_keys();
  Encoder encoder{parameters, pool};
  Evaluator evaluator{parameters, &keys, pool};
  Rotations rotations{evaluator};
  Decryptor decryptor{secret, encoder, pool};

  rlwe::EvaluationKeys make_keys() {
    rlwe::EvaluationKeys out;
    out.set_relinearization(generator.relinearization_key(prng, kLevels + 1));
    for (const std::int64_t steps : {1, 2, 4, 8, -1, -2, 100})
      out.add_galois(generator.galois_key(rlwe::galois_element_of_rotation(steps, 11), prng, kLevels + 1));
    out.add_galois(generator.galois_key(rlwe::galois_element_of_conjugation(11), prng, kLevels + 1));
    return out;
  }

  double unit() { return std::ldexp(static_cast<double>(prng.next_u64() >> 11), -52) - 1; }
  Slots random_slots(double magnitude) {
    Slots out(parameters->slots());
    for (auto& v : out) {
      do v = {unit(), unit()};
      while (std::abs(v) > 1);
      v *= magnitude;
    }
    return out;
  }
  Ciphertext encrypt_at(const Slots& x, int level) {
    return encrypt(*parameters, secret, encoder.encode(x, level), prng, pool);
  }
  Ciphertext fresh(const Slots& x) { return encrypt_at(x, kLevels); }

  // The result is within its own bound of the exact slots, and the bound is not vacuous: it is below
  // `most`, and the normal form's scale is exact.
  void expect_result(const Ciphertext& c, const Slots& exact, int level, double most) {
    EXPECT_EQ(c.level(), level);
    EXPECT_EQ(c.scale, parameters->scale_at(level));
    EXPECT_LT(c.bound.error, most);
    const auto got = decryptor.decrypt(c);
    for (std::size_t i = 0; i < exact.size(); ++i) {
      ASSERT_LE(std::abs(got[i] - exact[i]), c.bound.error) << i;
      ASSERT_LE(std::abs(exact[i]), c.bound.magnitude * (1 + 1e-12)) << i;
    }
  }
  template <typename F>
  static Slots map(const Slots& a, const Slots& b, F f) {
    Slots out(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) out[i] = f(a[i], b[i]);
    return out;
  }
};

TEST_F(CkksTest, ScalesStayExactAndNearTheirTarget) {
  for (int level = kLevels; level >= 1; --level) {
    const double s = parameters->scale_at(level).value();
    EXPECT_EQ(parameters->scale_at(level - 1).value(),
              s * s / static_cast<double>(parameters->prime_at(level).value()));
    EXPECT_NEAR(parameters->scale_at(level).log2(), 40, 1e-4);
  }
}

TEST_F(CkksTest, EncodingRoundTripsComplexAndReal) {
  for (const double magnitude : {1e-6, 1.0, 200.0}) {
    const Slots x = random_slots(magnitude);
    const Plaintext p = encoder.encode(x, 2);
    const auto y = encoder.decode(p);
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_LE(std::abs(x[i] - y[i]), p.bound.error);
  }
  const std::vector<double> short_real{1.5, -2.25};
  const auto y = encoder.decode(encoder.encode(short_real, 0));
  const double error = encoder.encode(short_real, 0).bound.error;
  EXPECT_LE(std::abs(y[0] - 1.5), error);
  EXPECT_LE(std::abs(y[1] + 2.25), error);
  EXPECT_LE(std::abs(y[2]), error);
}

TEST_F(CkksTest, EncodingOfRepeatedSlotsHasItsSmallerBound) {
  const Slots x = random_slots(1);
  for (const std::size_t run : {4, 64}) {
    const std::size_t period = x.size() / run;
    Slots repeated(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) repeated[i] = x[i % period];
    const Scale scale(0x1p30);
    const double bound = repeated_encoding_error(*parameters, scale, 1, run);
    EXPECT_LT(bound, encoding_error(*parameters, scale, 1) / (0.9 * std::sqrt(static_cast<double>(run))));
    const auto got = encoder.decode(encoder.encode(repeated, kLevels, scale));
    double largest = 0;
    for (std::size_t i = 0; i < x.size(); ++i) largest = std::max(largest, std::abs(got[i] - repeated[i]));
    EXPECT_LE(largest, bound);
    // Of 2 period roundings a slot's mean square is their number over 12: the bound is seven times its root
    // at most, and some of the slots reach it.
    EXPECT_GE(largest, bound / 7);
  }
}

TEST_F(CkksTest, EncodingRoundTripsAtEveryScale) {
  // Coefficients of all sizes: below and above a prime, of one and two limbs, too large for signed words.
  const Slots x = random_slots(1);
  for (const int bits : {10, 30, 45, 47, 50, 55, 58, 61, 66, 80}) {
    const Plaintext p = encoder.encode(x, 4, Scale(std::ldexp(1.1, bits)));
    const auto y = encoder.decode(p);
    const auto real = encoder.decode_real({p.poly.clone(), p.scale, p.bound});
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_LE(std::abs(x[i] - y[i]), p.bound.error) << bits;
      ASSERT_EQ(real[i], y[i].real());
    }
  }
}

TEST_F(CkksTest, DecodingReadsAsManyLimbsAsValuesNeed) {
  for (const int bits : {12, 50, 90, 130, 170, 210, 245}) {
    Slots x = random_slots(std::ldexp(1.0, bits));
    x[0] = -std::ldexp(1.0, bits);
    const Plaintext p = encoder.encode(x, kLevels);
    const auto y = encoder.decode(p);
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_LE(std::abs(x[i] - y[i]), p.bound.error) << bits;
    EXPECT_LT(p.bound.error, std::ldexp(1.0, bits - 20));
  }
}

TEST_F(CkksTest, MagnitudesAreMeasuredAtEverySize) {
  for (const double size : {1e-170, 1e-5, 3.0}) {
    const Plaintext p = encoder.encode(Slots{{0, 0}, {3 * size, -4 * size}, {size, size}}, kLevels);
    EXPECT_NEAR(p.bound.magnitude / size, 5, 1e-12);
  }
  EXPECT_THROW(encoder.encode(std::vector<double>{1e200}, kLevels), PrecisionError);
}

TEST_F(CkksTest, EncoderRefusesWhatWouldGiveGarbage) {
  EXPECT_THROW(encoder.encode(std::vector<double>{}, 1), ParametersError);
  EXPECT_THROW(encoder.encode(std::vector<double>(parameters->slots() + 1, 1.0), 1), ParametersError);
  EXPECT_THROW(encoder.encode(std::vector<double>{NAN}, 1), ParametersError);
  EXPECT_THROW(encoder.encode(std::vector<double>{INFINITY}, 1), ParametersError);
  EXPECT_THROW(encoder.encode(std::vector<double>{2.0}, 1, {}, 1.0), ParametersError);
  EXPECT_THROW(encoder.encode(std::vector<double>{1.0}, kLevels + 1), ParametersError);
  EXPECT_THROW(encoder.encode(std::vector<double>{1e6}, 0), PrecisionError);
}

TEST_F(CkksTest, EncryptionUnderBothKeys) {
  const Slots x = random_slots(1);
  for (const int level : {0, 3, kLevels}) expect_result(encrypt_at(x, level), x, level, 1e-8);
  const rlwe::PublicKey key = generator.public_key(prng);
  expect_result(encrypt(*parameters, key, encoder.encode(x, 4), prng, pool), x, 4, 1e-6);
  const Slots zeros(parameters->slots());
  expect_result(fresh(zeros), zeros, kLevels, 1e-8);
}

TEST_F(CkksTest, LinearOperations) {
  const Slots x = random_slots(2), y = random_slots(3);
  const Ciphertext a = fresh(x), b = fresh(y);
  expect_result(evaluator.add(a, b), map(x, y, std::plus<>()), kLevels, 1e-8);
  expect_result(evaluator.sub(a, b), map(x, y, std::minus<>()), kLevels, 1e-8);
  expect_result(evaluator.negate(a), map(x, x, [](auto u, auto) { return -u; }), kLevels, 1e-8);
  expect_result(evaluator.add(a, -0.75), map(x, x, [](auto u, auto) { return u - 0.75; }), kLevels, 1e-8);
  expect_result(evaluator.add(a, encoder.encode(y, kLevels)), map(x, y, std::plus<>()), kLevels, 1e-8);
  expect_result(evaluator.multiply_integer(a, -3), map(x, x, [](auto u, auto) { return -3.0 * u; }), kLevels,
                1e-8);
  Ciphertext sum = fresh(x);
  evaluator.add_to(sum, b);
  expect_result(sum, map(x, y, std::plus<>()), kLevels, 1e-8);
}

TEST_F(CkksTest, OperandsOfDifferentLevelsJustWork) {
  const Slots x = random_slots(1), y = random_slots(1);
  for (int low = 0; low < kLevels; ++low) {
    const Ciphertext a = fresh(x), b = encrypt_at(y, low);
    expect_result(evaluator.add(a, b), map(x, y, std::plus<>()), low, 1e-6);
    expect_result(evaluator.sub(b, a), map(y, x, std::minus<>()), low, 1e-6);
    if (low > 0) {
      expect_result(evaluator.multiply(a, b), map(x, y, std::multiplies<>()), low - 1, 1e-6);
    }
  }
}

TEST_F(CkksTest, ProductsDownToTheLastLevel) {
  const Slots x = random_slots(1);
  Ciphertext a = fresh(x);
  Slots exact = x;
  for (int level = kLevels; level > 0; --level) {
    a = evaluator.multiply(a, encrypt_at(x, level));
    exact = map(exact, x, std::multiplies<>());
    expect_result(a, exact, level - 1, 1e-5);
  }
  try {
    evaluator.multiply(a, a);
    FAIL();
  } catch (const LevelExhaustedError& e) {
    EXPECT_EQ(e.have(), 0);
    EXPECT_EQ(e.need(), 1);
  }
}

TEST_F(CkksTest, PlaintextAndScalarProducts) {
  const Slots x = random_slots(1), y = random_slots(4);
  const Ciphertext a = fresh(x);
  const Plaintext p = encoder.encode(y, kLevels);
  expect_result(evaluator.multiply(a, p), map(x, y, std::multiplies<>()), kLevels - 1, 1e-6);
  expect_result(evaluator.multiply(a.clone(), p), map(x, y, std::multiplies<>()), kLevels - 1, 1e-6);
  expect_result(evaluator.multiply(evaluator.to_level(a, 2), encoder.encode(y, 2)),
                map(x, y, std::multiplies<>()), 1, 1e-6);
  for (const double c : {0.0, 1e-5, -7.25})
    expect_result(evaluator.multiply(a, c), map(x, x, [&](auto u, auto) { return c * u; }), kLevels - 1,
                  1e-6);
  EXPECT_THROW(evaluator.multiply(a, encoder.encode(y, 2)), ParametersError);
  EXPECT_THROW(evaluator.multiply(a, NAN), ParametersError);
}

TEST_F(CkksTest, LazySumsOfProductsAreRelinearizedOnce) {
  const Slots x = random_slots(1), y = random_slots(1);
  const Ciphertext a = fresh(x), b = fresh(y);
  Ciphertext sum = evaluator.multiply_lazy(a, b);
  evaluator.add_to(sum, evaluator.multiply_lazy(a, a));
  evaluator.add_to(sum, evaluator.multiply_lazy(a, 0.5));
  expect_result(evaluator.finish(std::move(sum)),
                map(x, y, [](auto u, auto v) { return u * v + u * u + 0.5 * u; }), kLevels - 1, 1e-6);
}

TEST_F(CkksTest, ProductsWithIAreExact) {
  const Slots x = random_slots(1);
  Slots turned = x;
  for (auto& v : turned) v *= std::complex<double>(0, 1);
  const auto c = fresh(x);
  const auto product = evaluator.multiply_by_i(c.clone());
  EXPECT_EQ(product.bound, c.bound);
  expect_result(product, turned, kLevels, 1e-7);
}

TEST_F(CkksTest, MultiplesAddInOnePass) {
  const Slots x = random_slots(1), y = random_slots(1);
  const auto a = fresh(x), b = encrypt_at(y, kLevels - 2);
  const std::vector<Evaluator::Multiple> terms{{&a, 0.75}, {&b, -3}, {&a, 1e-3}};
  Slots expected(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) expected[i] = 0.751 * x[i] - 3.0 * y[i] + 0.5;
  expect_result(evaluator.finish(evaluator.sum_lazy(terms, 0.5, kLevels - 3)), expected, kLevels - 4, 1e-6);
  EXPECT_THROW(evaluator.sum_lazy(terms, 0.5, kLevels), LevelExhaustedError);
  EXPECT_THROW(evaluator.sum_lazy({}, 0.5, 1), ParametersError);
}

TEST(CkksParameters, RaisedLevelsHaveAScaleOfTheirOwn) {
  const auto p = InsecureParametersForTests::create({.log2_degree = 10,
                                                     .levels = 4,
                                                     .scale_bits = 40,
                                                     .first_prime_bits = 46,
                                                     .digits = 2,
                                                     .raised_levels = 3,
                                                     .raised_scale_bits = 47},
                                                    scalar_kernels());
  EXPECT_EQ(p->max_level(), 4);
  EXPECT_EQ(p->top_level(), 7);
  EXPECT_EQ(p->scale_at(4).value(), 0x1p40);
  for (int level = 5; level <= 7; ++level) {
    EXPECT_NEAR(p->scale_at(level).log2(), 46.9, 0.01);
    EXPECT_LT(p->prime_at(level).value(), std::uint64_t{1} << 47);
  }
  for (int level = 0; level < 4; ++level) EXPECT_NEAR(p->scale_at(level).log2(), 40, 0.01);
}

TEST_F(CkksTest, RotationsConjugationAndSums) {
  const Slots x = random_slots(1);
  const std::size_t n = x.size();
  const Ciphertext a = fresh(x);
  const auto rotated = [&](std::int64_t s) {
    Slots out(n);
    for (std::size_t i = 0; i < n; ++i) out[i] = x[(i + n + static_cast<std::size_t>(s)) % n];
    return out;
  };
  for (const std::int64_t s : {1, -2, 100}) expect_result(rotations.rotate(a, s), rotated(s), kLevels, 1e-6);
  expect_result(rotations.rotate(a, 0), x, kLevels, 1e-6);
  expect_result(rotations.conjugate(a), map(x, x, [](auto u, auto) { return std::conj(u); }), kLevels, 1e-6);
  const std::vector<std::int64_t> steps{4, 0, -1};
  const auto many = rotations.rotate_hoisted(a, steps);
  for (std::size_t k = 0; k < steps.size(); ++k) expect_result(many[k], rotated(steps[k]), kLevels, 1e-6);
  Slots sums(n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < 16; ++k) sums[i] += x[(i + k) % n];
  expect_result(rotations.sum_slots(a, 1, 16), sums, kLevels, 1e-5);
  EXPECT_THROW(rotations.rotate(a, 3), MissingKeyError);
  EXPECT_THROW(rotations.sum_slots(a, 1, 3), ParametersError);
}

// With keys for 1, 2 and 3 times a stride a sum takes them at once; the rest goes one by one.
TEST_F(CkksTest, RotationsAtOnceAreTheirSum) {
  const Slots x = random_slots(7);
  const std::size_t n = x.size();
  const Ciphertext a = fresh(x);
  const auto sum_of = [&](const std::vector<std::int64_t>& steps) {
    Slots out = x;
    for (const std::int64_t s : steps)
      for (std::size_t i = 0; i < n; ++i) out[i] += x[(i + n + static_cast<std::size_t>(s)) % n];
    return out;
  };
  for (const std::vector<std::int64_t>& steps : {std::vector<std::int64_t>{1}, {4, -1}, {1, 2, 100}})
    expect_result(rotations.add_rotations(a, steps), sum_of(steps), kLevels, 1e-6);
  EXPECT_THROW(rotations.add_rotations(a, std::vector<std::int64_t>{1, 3}), MissingKeyError);
  rlwe::EvaluationKeys three;
  for (const std::int64_t step : {5, 10, 15, 20})
    three.add_galois(
        generator.galois_key(rlwe::galois_element_of_rotation(step, parameters->ring()->log2_degree()), prng,
                             static_cast<std::size_t>(kLevels) + 1));
  const Evaluator with_three(parameters, &three, pool);
  Slots sums(n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < 8; ++k) sums[i] += x[(i + 5 * k) % n];
  expect_result(Rotations(with_three).sum_slots(a, 5, 8), sums, kLevels, 1e-5);
}

// Multiples of a stride, hoisted where there are keys for three, else one after another.
TEST_F(CkksTest, RotationsByMultiples) {
  const Slots x = random_slots(1);
  const Ciphertext a = fresh(x);
  const std::int64_t stride = 5;
  const auto keys_for = [&](std::vector<std::int64_t> multiples) {
    rlwe::EvaluationKeys out;
    for (const std::int64_t m : multiples)
      out.add_galois(generator.galois_key(rlwe::galois_element_of_rotation(m * stride, 11), prng,
                                          static_cast<std::size_t>(kLevels) + 1));
    return out;
  };
  for (const auto& [count, multiples] : {std::pair<std::int64_t, std::vector<std::int64_t>>{1, {}},
                                         {2, {1}},
                                         {4, {1}},
                                         {4, {1, 2, 3}},
                                         {8, {1, 2, 3, 4}},
                                         {8, {1, 4}},
                                         {16, {1, 2, 3, 4, 8, 12}}}) {
    const auto some = keys_for(multiples);
    const Evaluator with_some(parameters, &some, pool);
    const auto all = Rotations(with_some).rotate_multiples(a, stride, count);
    ASSERT_EQ(all.size(), static_cast<std::size_t>(count));
    for (std::size_t k = 0; k < all.size(); ++k) {
      Slots expected(x.size());
      for (std::size_t i = 0; i < x.size(); ++i) expected[i] = x[(i + 5 * k) % x.size()];
      expect_result(all[k], expected, kLevels, 1e-6);
    }
  }
  EXPECT_THROW(rotations.rotate_multiples(a, 1, 6), ParametersError);
  EXPECT_THROW(rotations.rotate_multiples(a, 3, 2), MissingKeyError);
}

// Operands of a higher level are taken as they are: their scale is in the sum, and nothing is rescaled.
TEST_F(CkksTest, SumsOfProductsAcrossLevels) {
  const Slots x = random_slots(3), y = random_slots(2), z = random_slots(1);
  const auto plus = [](auto u, auto v) { return u + v; };
  const auto times = [](auto u, auto v) { return u * v; };
  for (const int level : {kLevels, 3, 1}) {
    const auto b = encrypt_at(y, level), c = encrypt_at(z, level);
    std::optional<Ciphertext> sum;
    evaluator.add_product(sum, fresh(x), b);
    evaluator.add_product(sum, fresh(y), c);
    const double ratio = evaluator.scale_ratio(kLevels, level);
    const Slots exact =
        map(map(x, y, times), map(y, z, times), [&](auto u, auto v) { return ratio * plus(u, v); });
    expect_result(evaluator.finish(std::move(*sum)), exact, level - 1, 1e-5);
  }
  EXPECT_EQ(evaluator.scale_ratio(2, 2), 1);
  std::optional<Ciphertext> sum;
  EXPECT_THROW(evaluator.add_product(sum, encrypt_at(x, 2), encrypt_at(y, 3)), ParametersError);
  EXPECT_THROW(evaluator.add_product(sum, evaluator.multiply_lazy(fresh(x), fresh(y)), fresh(y)),
               ParametersError);
  evaluator.add_product(sum, fresh(x), encrypt_at(y, 3));
  EXPECT_THROW(evaluator.add_product(sum, fresh(x), encrypt_at(y, 2)), ParametersError);
}

// Products of operands at their own levels, multiples and a constant, with and without a key switch.
TEST_F(CkksTest, SumsAreFinishedAsTheyAreMade) {
  using Product = Evaluator::Product;
  using Multiple = Evaluator::Multiple;
  const Slots x = random_slots(1), y = random_slots(2);
  const Ciphertext high = fresh(x), low = encrypt_at(y, 3);
  const double ratio = evaluator.product_ratio(high, low, 3);
  const auto exact = map(x, y, [&](auto u, auto v) {
    return ratio * u * v + evaluator.product_ratio(low, low, 3) * v * v + 0.75 * u - 2.0 * v + 0.5;
  });
  const std::array products{Product{&high, &low}, Product{&low, &low}};
  const std::array terms{Multiple{&high, 0.75}, Multiple{&low, -2}};
  expect_result(evaluator.finish_sum(products, terms, 0.5, 3), exact, 2, 1e-5);
  expect_result(evaluator.finish_sum({}, terms, 0.5, 3),
                map(x, y, [](auto u, auto v) { return 0.75 * u - 2.0 * v + 0.5; }), 2, 1e-5);
  expect_result(evaluator.finish_sum({}, {terms.data(), 1}, 0, 2),
                map(x, y, [](auto u, auto) { return 0.75 * u; }), 1, 1e-5);
  EXPECT_EQ(evaluator.finish_sum(products, {}, 0, 3, 0.5).bound.magnitude, 0.5);
  EXPECT_EQ(evaluator.product_ratio(low, low, 3), 1);

  EXPECT_THROW(evaluator.finish_sum({}, {}, 1, 2), ParametersError);
  EXPECT_THROW(evaluator.finish_sum(products, terms, 0, 0), LevelExhaustedError);
  EXPECT_THROW(evaluator.finish_sum(products, terms, 0, 4), LevelExhaustedError);
  EXPECT_THROW(evaluator.finish_sum(products, terms, INFINITY, 3), ParametersError);
  const Ciphertext unfinished = evaluator.multiply_lazy(high, high);
  EXPECT_THROW(evaluator.finish_sum(std::array{Product{&unfinished, &low}}, {}, 0, 3), ParametersError);
}

TEST_F(CkksTest, FactorsAreFreeOnTheWayDown) {
  const Slots x = random_slots(1);
  const Ciphertext a = fresh(x);
  for (const double c : {1.0, -3.5, 1e-4})
    for (const int level : {0, 3, kLevels - 1})
      expect_result(evaluator.scale_to_level(a, c, level), map(x, x, [&](auto u, auto) { return c * u; }),
                    level, 1e-6);
  EXPECT_THROW(evaluator.scale_to_level(a, 2.0, kLevels), LevelExhaustedError);
  EXPECT_THROW(evaluator.scale_to_level(a, INFINITY, 0), ParametersError);
}

TEST_F(CkksTest, RotationsWithoutAKeyOfTheirOwnAreMadeOfOthers) {
  const RotationBasis basis({1, 4, 100, -1});
  EXPECT_EQ(basis.path(206), (std::vector<std::int64_t>{100, 100, 4, 1, 1}));
  EXPECT_EQ(basis.path(-2), (std::vector<std::int64_t>{-1, -1}));
  EXPECT_TRUE(basis.path(0).empty());
  EXPECT_THROW(RotationBasis({4}).path(6), MissingKeyError);
  const Slots x = random_slots(1);
  Slots moved(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) moved[i] = x[(i + 6) % x.size()];
  expect_result(Rotations(evaluator, basis).rotate(fresh(x), 6), moved, kLevels, 1e-6);
}

TEST_F(CkksTest, ForeignCiphertextsAndMissingKeysAreRefused) {
  const auto other = InsecureParametersForTests::create(
      {.log2_degree = 11, .levels = 2, .scale_bits = 30, .first_prime_bits = 40, .digits = 1},
      scalar_kernels());
  const Evaluator foreign(other, nullptr, pool);
  const Ciphertext a = fresh(random_slots(1));
  EXPECT_THROW(foreign.multiply(a, 2.0), MismatchError);
  const std::array<std::int64_t, 2> steps{1, 2};
  EXPECT_THROW(Rotations(foreign).rotate(a, 1), MismatchError);
  EXPECT_THROW(Rotations(foreign).rotate_hoisted(a, steps), MismatchError);
  EXPECT_THROW(Rotations(foreign).add_rotations(a, steps), MismatchError);
  EXPECT_THROW(Rotations(foreign).conjugate(a), MismatchError);
  const Evaluator keyless(parameters, nullptr, pool);
  EXPECT_THROW(keyless.multiply(a, a), MissingKeyError);
  EXPECT_THROW(Rotations(keyless).rotate(a, 1), MissingKeyError);
}

TEST_F(CkksTest, ResultsThatWouldWrapAreRefused) {
  Ciphertext a = evaluator.to_level(fresh(random_slots(1)), 1);
  for (int i = 0; i < 7; ++i) a = evaluator.multiply_integer(a, 8);
  EXPECT_THROW(evaluator.multiply(a, 1.0), PrecisionError);
}

TEST_F(CkksTest, SameBitsForAnyNumberOfThreads) {
  const Slots x = random_slots(1);
  const Ciphertext a = fresh(x);
  const ThreadPool one(1), four(4);
  const auto run = [&](const ThreadPool& p) {
    const Evaluator e(parameters, &keys, p);
    const Rotations r(e);
    return r.add_rotations(r.rotate(e.multiply(a, a), 1), std::vector<std::int64_t>{1, 2, 4});
  };
  const Ciphertext u = run(one), v = run(four);
  for (std::size_t k = 0; k < 2; ++k)
    for (std::size_t i = 0; i < u.parts[k].limbs().q; ++i)
      ASSERT_TRUE(std::ranges::equal(u.parts[k].limb_span(i), v.parts[k].limb_span(i)));
}

}  // namespace
}  // namespace cloister::ckks
