#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <type_traits>

#include "cloister/bfv/public_encryptor.h"
#include "cloister/bfv/testing/parties.h"
#include "cloister/rlwe/security.h"

namespace cloister::bfv {
namespace {

using Values = std::vector<std::uint64_t>;

static_assert(!std::is_copy_constructible_v<Plaintext>);

constexpr int kLog2Degree = 10;
constexpr std::uint64_t kPrime = 65537;  // 1 modulo 2N

std::shared_ptr<const Parameters> small_parameters(std::uint64_t t = kPrime,
                                                   const KernelTable& kernels = scalar_kernels()) {
  return InsecureParametersForTests::create({t, test_chain(kLog2Degree, 4, 45, 48)}, kernels);
}

class BfvTest : public ::testing::Test {
 protected:
  Parties parties{small_parameters()};
  Modulus t = parties.parameters->plaintext_modulus();
  std::size_t n = parties.encoder.slots();

  void expect_values(const Ciphertext& c, const Values& exact) {
    EXPECT_EQ(parties.encoder.decode(parties.decryptor.decrypt(c)), exact);
    EXPECT_LE(budget_bits(*parties.parameters, c.noise), parties.decryptor.noise_budget_bits(c));
    EXPECT_FALSE(c.seed.has_value());
  }
  template <typename F>
  static Values map(const Values& a, const Values& b, F f) {
    Values out(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) out[i] = f(a[i], b[i]);
    return out;
  }
  Values sum(const Values& a, const Values& b) {
    return map(a, b, [&](auto x, auto y) { return t.add(x, y); });
  }
  Values difference(const Values& a, const Values& b) {
    return map(a, b, [&](auto x, auto y) { return t.sub(x, y); });
  }
  Values product(const Values& a, const Values& b) {
    return map(a, b, [&](auto x, auto y) { return t.mul(x, y); });
  }
  Values rotated(const Values& a, std::int64_t steps) {
    const auto half = static_cast<std::int64_t>(n / 2);
    Values out(n);
    for (std::int64_t i = 0; i < half; ++i)
      for (const std::int64_t row : {std::int64_t{0}, half})
        out[static_cast<std::size_t>(row + i)] =
            a[static_cast<std::size_t>(row + ((i + steps) % half + half) % half)];
    return out;
  }
  Values exchanged(Values a) {
    std::rotate(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(n / 2), a.end());
    return a;
  }
};

TEST_F(BfvTest, BatchesRoundTrip) {
  const Values x = parties.random_values();
  EXPECT_EQ(parties.encoder.decode(parties.encoder.encode(x)), x);
  std::vector<std::int64_t> signed_values(n);
  for (std::size_t i = 0; i < n; ++i) signed_values[i] = t.centre(x[i]);
  EXPECT_EQ(parties.encoder.decode_signed(parties.encoder.encode(signed_values)), signed_values);
  EXPECT_EQ(parties.encoder.decode(parties.encoder.encode(signed_values)), x);
  const std::vector<std::int64_t> few{-3, 7};
  const auto back = parties.encoder.decode_signed(parties.encoder.encode(few));
  EXPECT_EQ(back[0], -3);
  EXPECT_EQ(back[1], 7);
  EXPECT_EQ(std::ranges::count(back, 0), static_cast<std::ptrdiff_t>(n - 2));
}

TEST_F(BfvTest, ValuesOutsideTheModulusAreRefused) {
  const auto refused = [&](auto value) {
    const std::vector<decltype(value)> values{0, value};
    EXPECT_THROW(parties.encoder.encode(values), ParametersError) << value;
    EXPECT_THROW(parties.encoder.encode_coefficients(values), ParametersError) << value;
  };
  refused(kPrime);
  refused(~std::uint64_t{0});
  refused(std::int64_t{32769});
  refused(std::int64_t{-32769});
  refused(std::numeric_limits<std::int64_t>::min());
  refused(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parties.encoder.decode(parties.encoder.encode(Values{kPrime - 1}))[0], kPrime - 1);
  for (const std::int64_t edge : {32768, -32768})
    EXPECT_EQ(parties.encoder.decode_signed(parties.encoder.encode(std::vector{edge}))[0], edge);
  EXPECT_THROW(parties.encoder.encode(Values(n + 1)), ParametersError);
  auto plaintext = parties.encoder.encode(Values{1});
  plaintext.coefficients.data()[9] = kPrime;
  EXPECT_THROW(parties.encrypt(plaintext), ParametersError);
  EXPECT_THROW(parties.evaluator.factor(plaintext, 0), ParametersError);
  const auto a = parties.encrypt(Values{1});
  EXPECT_THROW(parties.evaluator.add(a, plaintext), ParametersError);
  EXPECT_THROW(parties.evaluator.multiply(a, Plaintext{parties.parameters->ring()->words(8)}),
               ParametersError);
}

TEST_F(BfvTest, SecretAndPublicKeysEncrypt) {
  const Values x = parties.random_values();
  auto c = parties.encrypt(x);
  ASSERT_TRUE(c.seed.has_value());
  c.seed.reset();
  expect_values(c, x);
  const auto key = parties.generator.public_key(parties.prng);
  expect_values(encrypt(*parties.parameters, key, parties.encoder.encode(x), parties.prng, parties.pool), x);
}

TEST_F(BfvTest, LinearOperations) {
  const Values x = parties.random_values(), y = parties.random_values();
  const auto a = parties.encrypt(x), b = parties.encrypt(y);
  const Evaluator& e = parties.evaluator;
  expect_values(e.add(a, b), sum(x, y));
  expect_values(e.sub(a, b), difference(x, y));
  expect_values(e.negate(a), difference(Values(n), x));
  expect_values(e.add(a, parties.encoder.encode(y)), sum(x, y));
  expect_values(e.sub(a, parties.encoder.encode(y)), difference(x, y));
  expect_values(e.multiply(a, parties.encoder.encode(y)), product(x, y));
  expect_values(e.multiply(a, e.factor(parties.encoder.encode(y), a.level())), product(x, y));
  for (const std::int64_t factor : {0, 1, -1, 5, 32768, -32768})
    expect_values(e.multiply(a, factor), product(x, Values(n, t.reduce(factor))));
  auto c = a.clone();
  e.add_to(c, b);
  expect_values(c, sum(x, y));
}

TEST_F(BfvTest, ProductsAndSquares) {
  const Values x = parties.random_values(), y = parties.random_values();
  const auto a = parties.encrypt(x), b = parties.encrypt(y);
  const Evaluator& e = parties.evaluator;
  const auto c = e.multiply(a, b);
  EXPECT_EQ(c.parts.size(), 2u);
  expect_values(c, product(x, y));
  expect_values(e.square(a), product(x, x));
  expect_values(e.multiply(c, e.square(b)), product(product(x, y), product(y, y)));
  // Sums of products that are relinearized once; three parts beside two.
  auto lazy = e.multiply_lazy(a, b);
  EXPECT_EQ(lazy.parts.size(), 3u);
  expect_values(lazy, product(x, y));
  e.add_to(lazy, e.multiply_lazy(a, a));
  e.add_to(lazy, b);
  const Values exact = sum(sum(product(x, y), product(x, x)), y);
  expect_values(lazy, exact);
  expect_values(e.sub(b, lazy), difference(y, exact));
  expect_values(e.multiply(lazy, b), product(exact, y));
  const auto relinearized = e.relinearize(std::move(lazy));
  EXPECT_EQ(relinearized.parts.size(), 2u);
  expect_values(relinearized, exact);
}

TEST_F(BfvTest, RowsAndColumnsRotate) {
  for (const std::int64_t steps : {1, 3, -2}) parties.add_rotation_key(steps);
  const Values x = parties.random_values();
  const auto a = parties.encrypt(x);
  for (const std::int64_t steps : {1, 3, -2, 1 - 512}) {
    expect_values(parties.rotations.rotate_rows(a, steps), rotated(x, steps));
  }
  expect_values(parties.rotations.rotate_columns(a), exchanged(x));
  const std::array<std::int64_t, 3> steps{3, 0, -2};
  auto hoisted = parties.rotations.rotate_rows_hoisted(a, steps);
  ASSERT_EQ(hoisted.size(), 3u);
  hoisted[1].seed.reset();
  for (std::size_t i = 0; i < 3; ++i) expect_values(hoisted[i], rotated(x, steps[i]));
}

TEST_F(BfvTest, SlotsAddUp) {
  for (std::int64_t step = 1; step < 512; step *= 2) parties.add_rotation_key(step);
  const Values x = parties.random_values();
  std::uint64_t total = 0;
  for (const auto v : x) total = t.add(total, v);
  expect_values(parties.rotations.sum_slots(parties.encrypt(x)), Values(n, total));
}

TEST_F(BfvTest, LevelsDropAndOperandsMeet) {
  const Values x = parties.random_values(), y = parties.random_values();
  const auto a = parties.encrypt(x), b = parties.encrypt(y);
  const Evaluator& e = parties.evaluator;
  for (int level = 2; level >= 0; --level) {
    const auto low = e.modulus_switch(a, level);
    EXPECT_EQ(low.level(), level);
    expect_values(low, x);
    expect_values(e.add(low, b), sum(x, y));
    expect_values(e.add(b, low), sum(x, y));
    if (level > 0) expect_values(e.multiply(low, b), product(x, y));
  }
  const auto c = e.multiply(a, b);
  const int lowest = e.lowest_level(c);
  EXPECT_LT(lowest, c.level());
  expect_values(e.modulus_switch(c, lowest), product(x, y));
  EXPECT_THROW(e.modulus_switch(c, c.level() + 1), LevelExhaustedError);
  EXPECT_THROW(e.modulus_switch(c, -1), LevelExhaustedError);
}

// Products at the same level of ciphertexts whose message takes more than one prime: no bit may differ.
TEST_F(BfvTest, AnyNumberOfThreadsGivesTheSameBits) {
  const auto run = [](int threads) {
    Parties p(small_parameters(), threads);
    const auto a = p.encrypt(p.random_values()), b = p.encrypt(p.random_values());
    return p.evaluator.modulus_switch(p.rotations.rotate_columns(p.evaluator.multiply(a, b)), 1);
  };
  const auto one = run(1), three = run(3);
  EXPECT_EQ(one.noise, three.noise);
  for (std::size_t k = 0; k < 2; ++k)
    for (std::size_t i = 0; i < 2; ++i)
      EXPECT_TRUE(std::ranges::equal(one.parts[k].limb_span(i), three.parts[k].limb_span(i)));
}

TEST_F(BfvTest, KernelsOfEveryTargetGiveTheSameBits) {
  std::vector<Values> seen;
  for (const Target target : available_targets()) {
    Parties p(small_parameters(kPrime, select_kernels(name(target))));
    const auto a = p.encrypt(p.random_values()), b = p.encrypt(p.random_values());
    const auto c = p.evaluator.multiply(a, b);
    Values all;
    for (const auto& part : c.parts)
      for (std::size_t i = 0; i < part.limbs().q; ++i)
        all.insert(all.end(), part.limb_span(i).begin(), part.limb_span(i).end());
    const auto plain = p.decryptor.decrypt(c);
    all.insert(all.end(), plain.span().begin(), plain.span().end());
    seen.push_back(std::move(all));
  }
  for (const auto& values : seen) EXPECT_EQ(values, seen.front());
}

TEST_F(BfvTest, MissingKeysAreNamed) {
  const Evaluator keyless(parties.parameters, nullptr, parties.pool);
  const auto a = parties.encrypt(Values{1});
  EXPECT_THROW(keyless.multiply(a, a), MissingKeyError);
  EXPECT_NO_THROW(keyless.multiply_lazy(a, a));
  EXPECT_THROW(Rotations(keyless).rotate_rows(a, 1), MissingKeyError);
  try {
    parties.rotations.rotate_rows(a, 7);
    FAIL();
  } catch (const MissingKeyError& error) {
    EXPECT_EQ(error.galois_element(), rlwe::galois_element_of_rotation(7, kLog2Degree));
  }
  EXPECT_THROW(parties.rotations.rotate_columns(parties.evaluator.multiply_lazy(a, a)), ParametersError);
}

TEST_F(BfvTest, WhatBelongsToOtherParametersIsRefused) {
  Parties other(small_parameters());
  const auto a = parties.encrypt(Values{1}), b = other.encrypt(Values{1});
  EXPECT_THROW(parties.evaluator.add(a, b), MismatchError);
  EXPECT_THROW(parties.evaluator.multiply(b, a), MismatchError);
  EXPECT_THROW(parties.evaluator.negate(b), MismatchError);
  EXPECT_THROW(parties.evaluator.multiply(b, 2), MismatchError);
  EXPECT_THROW(parties.rotations.rotate_columns(b), MismatchError);
  EXPECT_THROW(parties.decryptor.decrypt(b), MismatchError);
  EXPECT_THROW(parties.evaluator.multiply(a, other.evaluator.factor(other.encoder.encode(Values{1}), 3)),
               MismatchError);
  EXPECT_THROW(Decryptor(parties.parameters, other.secret, parties.pool), MismatchError);
  EXPECT_THROW(encrypt(*parties.parameters, other.secret, parties.encoder.encode(Values{1}), parties.prng,
                       parties.pool),
               MismatchError);
  const auto low = parties.evaluator.factor(parties.encoder.encode(Values{1}), 1);
  EXPECT_THROW(parties.evaluator.multiply(a, low), ParametersError);
  EXPECT_THROW(parties.evaluator.factor(parties.encoder.encode(Values{1}), 4), ParametersError);
  EXPECT_THROW(parties.evaluator.multiply(a, 32769), ParametersError);
}

TEST_F(BfvTest, AnExhaustedBudgetIsAnErrorBeforeANumberIsWrong) {
  Values x = parties.random_values();
  auto c = parties.encrypt(x);
  int products = 0;
  for (;; ++products) {
    ASSERT_LT(products, 8);
    try {
      c = parties.evaluator.square(c);
    } catch (const PrecisionError&) {
      break;
    }
    c.seed.reset();
    x = product(x, x);
    expect_values(c, x);
  }
  EXPECT_GE(products, 4);  // 180 bits, of which a product takes 26 to 29
  const auto wide = small_parameters(Parameters::batching_modulus(kLog2Degree, 59));
  Parties few(wide);
  const auto a = few.encrypt(Values{1});
  EXPECT_THROW(few.evaluator.modulus_switch(a, 0), PrecisionError);
  EXPECT_THROW(few.evaluator.square(few.evaluator.square(a)), PrecisionError);
}

TEST_F(BfvTest, DamagedNoiseIsRefusedByTheDecryptor) {
  auto c = parties.encrypt(parties.random_values());
  auto& q = c.parts[0].limb(1)[3];
  q ^= 1;  // of one prime: somewhere in all of Q
  EXPECT_THROW(parties.decryptor.decrypt(c), PrecisionError);
  EXPECT_LT(parties.decryptor.noise_budget_bits(c), 1);
  // A ciphertext of another key has no budget either.
  const auto other = rlwe::SecretKey::generate(parties.parameters->rlwe(), parties.prng, parties.pool);
  const auto foreign =
      encrypt(*parties.parameters, other, parties.encoder.encode(Values{1}), parties.prng, parties.pool);
  EXPECT_THROW(parties.decryptor.decrypt(foreign), PrecisionError);
}

// Coefficients for any modulus: powers of two, composites, and one of 59 bits.
TEST(BfvCoefficients, ProductsAreNegacyclicForAnyModulus) {
  for (const std::uint64_t modulus : {std::uint64_t{2}, std::uint64_t{3}, std::uint64_t{256},
                                      std::uint64_t{1000000}, (std::uint64_t{1} << 40) - 1}) {
    Parties p(small_parameters(modulus, select_kernels()));
    EXPECT_FALSE(p.parameters->has_batching());
    EXPECT_THROW(p.encoder.encode(Values{1}), ParametersError);
    const Modulus t(modulus);
    const Values x = p.random_values(), y = p.random_values();
    const std::size_t n = x.size();
    Values exact(n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        const std::uint64_t term = t.mul(x[i], y[j]);
        std::uint64_t& to = exact[(i + j) % n];
        to = i + j < n ? t.add(to, term) : t.sub(to, term);
      }
    const auto a = p.encrypt(p.encoder.encode_coefficients(x)),
               b = p.encrypt(p.encoder.encode_coefficients(y));
    const auto decrypted = [&](const Ciphertext& c) {
      EXPECT_LE(budget_bits(*p.parameters, c.noise), p.decryptor.noise_budget_bits(c));
      return p.encoder.decode_coefficients(p.decryptor.decrypt(c));
    };
    EXPECT_EQ(decrypted(a), x);
    EXPECT_EQ(decrypted(p.evaluator.multiply(a, b)), exact) << modulus;
    EXPECT_EQ(decrypted(p.evaluator.multiply(a, p.encoder.encode_coefficients(y))), exact) << modulus;
    EXPECT_EQ(decrypted(p.evaluator.modulus_switch(a, 1)), x);
    const auto centred = p.encoder.decode_coefficients_signed(p.decryptor.decrypt(a));
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(centred[i], t.centre(x[i]));
  }
}

TEST(BfvParameters, DefaultsAreSecureAndUseTheirRoom) {
  for (int log2_degree = 10; log2_degree <= 15; ++log2_degree) {
    const auto spec = Parameters::default_spec(log2_degree, kPrime);
    const auto parameters = Parameters::create(spec, select_kernels());
    const double most = rlwe::max_log2_modulus(log2_degree);
    EXPECT_LE(parameters->rlwe()->log2_qp(), most);
    EXPECT_GT(parameters->rlwe()->log2_qp(), most - 2);
    for (const auto* primes : {&spec.chain.q_primes, &spec.chain.p_primes})
      for (const auto prime : *primes) EXPECT_LT(prime, std::uint64_t{1} << 50);
  }
  EXPECT_THROW(Parameters::default_spec(9, kPrime), ParametersError);
  EXPECT_THROW(Parameters::default_spec(18, kPrime), ParametersError);
  auto too_much = Parameters::default_spec(12, kPrime);
  too_much.chain.q_primes.push_back(Parameters::batching_modulus(12, 40));
  EXPECT_THROW(Parameters::create(too_much, scalar_kernels()), SecurityError);
}

TEST(BfvParameters, PlaintextModuliAreChecked) {
  EXPECT_THROW(small_parameters(0), ParametersError);
  EXPECT_THROW(small_parameters(1), ParametersError);
  EXPECT_THROW(small_parameters(std::uint64_t{1} << 60), ParametersError);
  EXPECT_THROW(small_parameters(test_chain(kLog2Degree, 4, 45, 48).q_primes[2]), ParametersError);
  EXPECT_FALSE(small_parameters(65539)->has_batching());         // a prime, but not 1 modulo 2N
  EXPECT_FALSE(small_parameters(2048 * 4 + 1)->has_batching());  // 1 modulo 2N, but no prime
  EXPECT_NE(small_parameters(kPrime)->id(), small_parameters(65539)->id());
  EXPECT_EQ(small_parameters(kPrime)->id(), small_parameters(kPrime)->id());
  // What users of other libraries have.
  EXPECT_EQ(Parameters::batching_modulus(13, 20), 1032193u);
  EXPECT_EQ(786433 % 32768, 1);
  EXPECT_THROW(Parameters::batching_modulus(13, 14), ParametersError);
  EXPECT_THROW(Parameters::batching_modulus(13, 61), ParametersError);
}

TEST(BfvParameters, ARingWithoutSpecialPrimesStillMultiplies) {
  const auto parameters = Parameters::create(Parameters::default_spec(10, 2), select_kernels());
  ThreadPool pool(1);
  Prng prng{Seed(Bytes32{}), 3};
  const auto secret = rlwe::SecretKey::generate(parameters->rlwe(), prng, pool);
  const Encoder encoder(parameters);
  const Evaluator evaluator(parameters, nullptr, pool);
  const Decryptor decryptor(parameters, secret, pool);
  const Values x{1, 1, 0, 1};
  const auto a = encrypt(*parameters, secret, encoder.encode_coefficients(x), prng, pool);
  EXPECT_EQ(evaluator.multiply_lazy(a, a).parts.size(), 3u);
  // (1 + X + X^3)^2 = 1 + X^2 + X^6 modulo 2.
  const auto got = encoder.decode_coefficients(decryptor.decrypt(evaluator.multiply_lazy(a, a)));
  EXPECT_EQ(Values(got.begin(), got.begin() + 8), (Values{1, 0, 1, 0, 0, 0, 1, 0}));
}

}  // namespace
}  // namespace cloister::bfv
