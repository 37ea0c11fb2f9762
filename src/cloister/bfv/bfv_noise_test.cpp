// Noise bounds against what a decryptor measures, and whole programs against integers modulo t.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numbers>
#include <ostream>

#include "cloister/bfv/public_encryptor.h"
#include "cloister/bfv/testing/parties.h"

namespace cloister::bfv {
namespace {

using Values = std::vector<std::uint64_t>;

struct Case {
  std::uint64_t plaintext_modulus;
  rlwe::ParametersSpec chain;
  std::uint64_t stream;

  friend void PrintTo(const Case& c, std::ostream* out) {
    *out << c.chain.q_primes.size() << " primes, t = " << c.plaintext_modulus;
  }
};

// Chains with primes below 2^46 and 2^50, of 60 bits (kernels of 64), of one limb a digit and of two.
std::vector<Case> cases() {
  std::vector<Case> out{{65537, test_chain(10, 5, 45, 46), 1},
                        {12289, test_chain(10, 4, 50, 50), 2},
                        {65537, test_chain(10, 4, 60, 60), 3},
                        {Parameters::batching_modulus(11, 34), test_chain(11, 6, 40, 44), 4},
                        {Parameters::batching_modulus(10, 50), test_chain(10, 8, 36, 45), 5}};
  auto& two_limbs = out[3].chain;
  two_limbs.digits = 3;
  two_limbs.p_primes.push_back(nearest_prime(0x1p46, 4096, two_limbs.q_primes));
  return out;
}

// Ciphertexts and the integers that they stand for, and random operations on both.
class Program {
 public:
  explicit Program(const Case& c)
      : parties_(InsecureParametersForTests::create({c.plaintext_modulus, c.chain}, select_kernels()), 2,
                 c.stream),
        t_(c.plaintext_modulus),
        public_key_(parties_.generator.public_key(parties_.prng)) {
    parties_.add_rotation_key(kSteps);
    for (int i = 0; i < 3; ++i) {
      const Values x = parties_.random_values();
      store({parties_.encrypt(x), x});
      store({encrypt(*parties_.parameters, public_key_, parties_.encoder.encode(x), parties_.prng,
                     parties_.pool),
             x});
    }
  }

  // Whether the operation was possible: else its noise did not fit, and nothing came of it.
  bool step() {
    try {
      store(operation(below(11)));
      return true;
    } catch (const PrecisionError&) {
      ++refused_;
      return false;
    }
  }
  int refused() const { return refused_; }
  int most_products() const { return most_products_; }

 private:
  static constexpr std::int64_t kSteps = 5;
  static constexpr std::size_t kStored = 8;

  struct Encrypted {
    Ciphertext c;
    Values x;
    int products = 0;
  };

  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(parties_.prng.next_u64() % bound); }
  const Encrypted& any() { return stored_[below(stored_.size())]; }

  template <typename F>
  Values map(const Values& a, const Values& b, F f) const {
    Values out(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) out[i] = f(a[i], b[i]);
    return out;
  }
  Values rotated(const Values& a) const {
    Values out = a;
    const auto half = static_cast<std::ptrdiff_t>(a.size() / 2);
    for (const std::ptrdiff_t row : {std::ptrdiff_t{0}, half})
      std::rotate(out.begin() + row, out.begin() + row + kSteps, out.begin() + row + half);
    return out;
  }

  Encrypted operation(std::size_t which) {
    const Encrypted &a = any(), &b = any();
    const Evaluator& e = parties_.evaluator;
    const Modulus t = t_;
    const auto sum = [t](auto x, auto y) { return t.add(x, y); };
    const auto difference = [t](auto x, auto y) { return t.sub(x, y); };
    const auto product = [t](auto x, auto y) { return t.mul(x, y); };
    const int products = std::max(a.products, b.products);
    switch (which) {
      case 0:
        return {e.add(a.c, b.c), map(a.x, b.x, sum), products};
      case 1:
        return {e.sub(a.c, b.c), map(a.x, b.x, difference), products};
      case 2:
        return {e.add(a.c, parties_.encoder.encode(b.x)), map(a.x, b.x, sum), a.products};
      case 3:
        return {e.multiply(a.c, parties_.encoder.encode(b.x)), map(a.x, b.x, product), a.products};
      case 4: {
        const std::int64_t factor = t.centre(parties_.prng.next_u64() % t.value());
        return {e.multiply(a.c, factor), map(a.x, Values(a.x.size(), t.reduce(factor)), product), a.products};
      }
      case 5:
        return {parties_.rotations.rotate_rows(a.c, kSteps), rotated(a.x), a.products};
      case 6: {
        Values x = a.x;
        std::rotate(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2), x.end());
        return {parties_.rotations.rotate_columns(a.c), std::move(x), a.products};
      }
      case 7:
        if (a.c.level() == 0) return {e.negate(a.c), map(Values(a.x.size()), a.x, difference), a.products};
        return {e.modulus_switch(a.c, a.c.level() - 1), a.x, a.products};
      default:
        return {e.multiply(a.c, b.c), map(a.x, b.x, product), products + 1};
    }
  }

  void store(Encrypted result) {
    const double bound = budget_bits(*parties_.parameters, result.c.noise);
    const double measured = parties_.decryptor.noise_budget_bits(result.c);
    ASSERT_GE(bound, kLeastBudgetBits);
    ASSERT_LE(bound, measured);
    ASSERT_EQ(parties_.encoder.decode(parties_.decryptor.decrypt(result.c)), result.x);
    most_products_ = std::max(most_products_, result.products);
    if (stored_.size() < kStored)
      stored_.push_back(std::move(result));
    else
      stored_[below(kStored)] = std::move(result);
  }

  Parties parties_;
  Modulus t_;
  rlwe::PublicKey public_key_;
  std::vector<Encrypted> stored_;
  int refused_ = 0, most_products_ = 0;
};

class BfvPrograms : public ::testing::TestWithParam<Case> {};

// Every result decrypts to the integers and keeps its bound; what is refused is refused for its noise.
TEST_P(BfvPrograms, AreIntegersModuloT) {
  Program program(GetParam());
  int done = 0;
  for (int i = 0; i < 60 && !HasFatalFailure(); ++i) done += program.step();
  EXPECT_GE(done, 20);
  EXPECT_GE(program.most_products(), 1);
}
INSTANTIATE_TEST_SUITE_P(Chains, BfvPrograms, ::testing::ValuesIn(cases()),
                         [](const auto& chain) { return std::to_string(chain.index); });

// Over keys and runs, the bound of each kind of operation holds, and is not vacuous. A bound exceeds what is
// measured by the deviations that it allows (8.7) over those that the largest of N coefficients shows (at
// least 3), 1.6 bits; by sums of deviations for those of squares, half a bit each for two independent
// operands; and by the secret's moments, of which one secret shows less than 2^-40 of all do.
class BfvNoise : public ::testing::Test {
 protected:
  void measure(double most_bits, const std::function<Ciphertext(Parties&)>& run) {
    for (std::uint64_t stream = 20; stream < 26; ++stream) {
      Parties p(InsecureParametersForTests::create({65537, test_chain(11, 4, 45, 46)}, select_kernels()), 2,
                stream);
      p.add_rotation_key(1);
      const auto c = run(p);
      const double bound = budget_bits(*p.parameters, c.noise), measured = p.decryptor.noise_budget_bits(c);
      EXPECT_LE(bound, measured);
      EXPECT_LE(measured, bound + most_bits);
    }
  }
  static Ciphertext fresh(Parties& p) { return p.encrypt(p.random_values()); }
};

constexpr double kTailBits = 1.6;

TEST_F(BfvNoise, OfFreshCiphertexts) {
  // 1/2 for the rounding, which is at most that and on average less: 0.3 bits.
  measure(kTailBits + 0.3, fresh);
  measure(kTailBits + 0.5, [](Parties& p) {
    const auto key = p.generator.public_key(p.prng);
    return encrypt(*p.parameters, key, p.encoder.encode(p.random_values()), p.prng, p.pool);
  });
}

TEST_F(BfvNoise, OfProducts) {
  measure(kTailBits + 0.3 + 0.6 + 1, [](Parties& p) { return p.evaluator.multiply(fresh(p), fresh(p)); });
  measure(kTailBits + 0.3 + 0.6, [](Parties& p) { return p.evaluator.square(fresh(p)); });
}

TEST_F(BfvNoise, OfPlaintextFactors) {
  // The secret is not in a fresh ciphertext's noise: the moment that is allowed for is nearly 1.
  measure(kTailBits + 0.3 + 0.3,
          [](Parties& p) { return p.evaluator.multiply(fresh(p), p.encoder.encode(p.random_values())); });
  measure(kTailBits + 0.3, [](Parties& p) { return p.evaluator.multiply(fresh(p), 30000); });
  // Few terms, as the sum of their magnitudes tells: X^7 moves coefficients.
  measure(kTailBits + 0.3, [](Parties& p) {
    Values monomial(8);
    monomial[7] = 1;
    return p.evaluator.multiply(fresh(p), p.encoder.encode_coefficients(monomial));
  });
}

// Sums of coefficients: of N values in the evaluation domain one pair is 2N/pi in magnitude and few others
// count, so that noise is what those show. Whatever they show stays below the bound.
TEST_F(BfvNoise, OfFactorsThatPickFewValues) {
  measure(100, [](Parties& p) {
    const Values ones(p.encoder.slots(), 1);
    return p.evaluator.multiply(p.evaluator.square(fresh(p)), p.encoder.encode_coefficients(ones));
  });
  measure(100, [](Parties& p) {
    Values sparse(p.encoder.slots());
    for (std::size_t i = 0; i < sparse.size(); i += 64) sparse[i] = 1;
    return p.evaluator.multiply(p.evaluator.square(fresh(p)), p.encoder.encode_coefficients(sparse));
  });
}

TEST_F(BfvNoise, OfKeySwitchesAndModulusSwitches) {
  measure(kTailBits + 1, [](Parties& p) { return p.rotations.rotate_rows(fresh(p), 1); });
  measure(kTailBits + 0.5, [](Parties& p) { return p.evaluator.modulus_switch(fresh(p), 1); });
}

// What the bound may exceed the measured noise by after k squares. Of the secret's 2k-th moment (noise.h) one
// secret shows at least 1 and what its largest slot alone makes of it: of N/2 exponential magnitudes the
// largest is below ln(N/2) - ln(14) for one secret in 10^6. There the k uniform polynomials, exponential too,
// count as much as the mean of their logarithms says, minus Euler's constant each. The seed is fixed.
double most_bits(const Parameters& parameters, int k) {
  const double n = static_cast<double>(parameters.ring()->degree());
  const double x = std::log(0x1p40 * n / 2), least = std::log(n / 2) - std::log(14.0);
  const double bound = std::tgamma(k + 1.0) + 8 / n * std::pow(x, k);
  return kTailBits + 0.5 +
         std::log2(bound / std::max(1.0, 2 / n * std::pow(least * std::exp(-std::numbers::egamma), k))) / 2;
}

// Parameters that are in use, at 128 bits: squares until the bound has no budget left, all of which decrypt.
void expect_depth(int log2_degree, std::uint64_t t, int products) {
  Parties p(Parameters::create(Parameters::default_spec(log2_degree, t), select_kernels()));
  const Modulus modulus(t);
  Values x = p.random_values();
  auto c = p.encrypt(x);
  int done = 0;
  for (;; ++done) {
    try {
      c = p.evaluator.square(c);
    } catch (const PrecisionError&) {
      break;
    }
    for (auto& v : x) v = modulus.mul(v, v);
    ASSERT_EQ(p.encoder.decode(p.decryptor.decrypt(c)), x);
    const double bound = budget_bits(*p.parameters, c.noise), measured = p.decryptor.noise_budget_bits(c);
    ASSERT_LE(bound, measured) << done;
    ASSERT_LE(measured, bound + most_bits(*p.parameters, done + 1)) << done;
  }
  EXPECT_EQ(done, products);
}

TEST(BfvDepth, Degree4096) { expect_depth(12, 65537, 1); }
TEST(BfvDepth, Degree8192) { expect_depth(13, 65537, 5); }
TEST(BfvDepth, Degree8192And20Bits) { expect_depth(13, 1032193, 4); }
TEST(SlowBfvDepth, Degree16384) { expect_depth(14, 65537, 11); }
TEST(SlowBfvDepth, Degree32768) { expect_depth(15, 786433, 20); }

}  // namespace
}  // namespace cloister::bfv
