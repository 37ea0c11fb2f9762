#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "cloister/ckks/encoder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/noise.h"
#include "cloister/ckks/owner/decryptor.h"
#include "cloister/ckks/owner/secret_encryptor.h"
#include "cloister/ckks/rotations.h"
#include "cloister/ckks/testing/insecure_parameters.h"
#include "cloister/rlwe/galois.h"
#include "cloister/rlwe/noise.h"
#include "cloister/rlwe/owner/key_generator.h"

namespace cloister::ckks {
namespace {

using Slots = std::vector<std::complex<double>>;

// All parties over given parameters.
struct Parties {
  explicit Parties(std::shared_ptr<const Parameters> p) : parameters(std::move(p)) {
    const auto limbs = static_cast<std::size_t>(parameters->max_level()) + 1;
    const rlwe::KeyGenerator generator(secret, pool);
    keys.set_relinearization(generator.relinearization_key(prng, limbs));
    const int log2_degree = parameters->ring()->log2_degree();
    keys.add_galois(generator.galois_key(rlwe::galois_element_of_rotation(1, log2_degree), prng, limbs));
  }

  double unit() { return std::ldexp(static_cast<double>(prng.next_u64() >> 11), -53); }
  // Random points of the unit circle: every slot has the same share in the error of a product.
  Slots phases() {
    Slots out(parameters->slots());
    for (auto& v : out) v = std::polar(1.0, 2 * std::numbers::pi * unit());
    return out;
  }
  Ciphertext fresh(const Slots& x) {
    return encrypt(*parameters, secret, encoder.encode(x, parameters->max_level()), prng, pool);
  }

  struct Errors {
    double mean_square = 0, largest = 0;
  };
  Errors errors_of(const Ciphertext& c, const Slots& exact) {
    const auto got = decryptor.decrypt(c);
    Errors out;
    for (std::size_t i = 0; i < exact.size(); ++i) {
      const double e = std::abs(got[i] - exact[i]);
      out.mean_square += e * e / static_cast<double>(exact.size());
      out.largest = std::max(out.largest, e);
    }
    return out;
  }

  ThreadPool pool{2};
  std::shared_ptr<const Parameters> parameters;
  Prng prng{Seed(Bytes32{}), 57};
  rlwe::SecretKey secret = rlwe::SecretKey::generate(parameters->rlwe(), prng, pool);
  rlwe::EvaluationKeys keys;
  Encoder encoder{parameters, pool};
  Evaluator evaluator{parameters, &keys, pool};
  Rotations rotations{evaluator};
  Decryptor decryptor{secret, encoder, pool};
};

Slots product(const Slots& a, const Slots& b) {
  Slots out(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) out[i] = a[i] * b[i];
  return out;
}
Slots rotated(Slots a) {
  std::ranges::rotate(a, a.begin() + 1);
  return a;
}

class CkksNoise : public ::testing::Test {
 protected:
  static constexpr int kRuns = 200;
  Parties parties{InsecureParametersForTests::create(
      {.log2_degree = 12, .levels = 2, .scale_bits = 40, .first_prime_bits = 50, .digits = 2},
      scalar_kernels())};
  double n = static_cast<double>(parties.parameters->ring()->degree());

  // A slot's error has the variance N v / scale^2 where the coefficients' is v. One run's mean square over
  // N/2 slots has a relative deviation of sqrt(2 / N) where all slots have the same variance; what a
  // product with the secret makes varies with |s|^2 of the slot (exponentially), and at most doubles the
  // mean's own variance. The norm of the one secret that all runs share has a relative deviation of
  // sqrt(1 / (2 N)). Six deviations: a false alarm has a chance of 2e-9, and the seed is fixed.
  double tolerance() const { return 6 * std::sqrt(4 / (n * kRuns) + 1 / (2 * n)); }
  double slot_variance(double coefficient_variance, Scale scale) const {
    return n * coefficient_variance / (scale.value() * scale.value());
  }
  double fresh_variance() const {  // with the encoding's own rounding
    return slot_variance(rlwe::fresh_secret_variance() + 1.0 / 12,
                         parties.parameters->scale_at(parties.parameters->max_level()));
  }

  // Runs an operation on fresh ciphertexts of random phases: the mean square of all errors, each of which
  // must keep its bound.
  double measure(const std::function<Ciphertext(const Ciphertext&, const Ciphertext&)>& operation,
                 const std::function<Slots(const Slots&, const Slots&)>& exact) {
    double sum = 0;
    for (int run = 0; run < kRuns; ++run) {
      const Slots x = parties.phases(), y = parties.phases();
      const Ciphertext result = operation(parties.fresh(x), parties.fresh(y));
      const auto errors = parties.errors_of(result, exact(x, y));
      EXPECT_LE(errors.largest, result.bound.error);
      sum += errors.mean_square / kRuns;
    }
    return sum;
  }
};

TEST_F(CkksNoise, OfFreshCiphertexts) {
  const double measured = measure([](const auto& a, const auto&) { return a.clone(); },
                                  [](const auto& x, const auto&) { return x; });
  EXPECT_NEAR(measured / fresh_variance(), 1, tolerance());
}

TEST_F(CkksNoise, OfRotations) {
  const double measured = measure([&](const auto& a, const auto&) { return parties.rotations.rotate(a, 1); },
                                  [](const auto& x, const auto&) { return rotated(x); });
  const double expected =
      fresh_variance() + slot_variance(rlwe::key_switch_variance(*parties.parameters->rlwe(), 3),
                                       parties.parameters->scale_at(2));
  EXPECT_NEAR(measured / expected, 1, tolerance());
}

TEST_F(CkksNoise, OfRescaledProducts) {
  const double measured =
      measure([&](const auto& a, const auto& b) { return parties.evaluator.multiply(a, b); },
              [](const auto& x, const auto& y) { return product(x, y); });
  const Parameters& p = *parties.parameters;
  // |x| = |y| = 1: x dy + y dx, the key switch at the product's scale, the rescaling at the result's.
  const double expected =
      2 * fresh_variance() +
      slot_variance(rlwe::key_switch_variance(*p.rlwe(), 3), p.scale_at(2) * p.scale_at(2)) +
      slot_variance(rlwe::rounding_variance(*p.rlwe()), p.scale_at(1));
  EXPECT_NEAR(measured / expected, 1, tolerance());
}

// Of a rounding r1 s in a slot the variance has |s|^2 as a factor, so that the fourth moment over slots and
// runs is 2 E|s|^4 / (E|s|^2)^2 = 4 times the square of the second, 2 of a Gaussian. For one key the mean of
// |s|^4 over the slots has a relative deviation of sqrt(5 / slots), and six of them are allowed; what is
// fresh lowers it a little.
TEST_F(CkksNoise, OfRoundingsHasTheSecretAsAFactor) {
  double second = 0, fourth = 0;
  for (int run = 0; run < kRuns; ++run) {
    const Slots x = parties.phases();
    const auto got = parties.decryptor.decrypt(parties.evaluator.multiply(parties.fresh(x), 1.0));
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double square = std::norm(got[i] - x[i]);
      second += square;
      fourth += square * square;
    }
  }
  const double count = n / 2 * kRuns, fresh = 0.09;  // 10.3 of 10.3 + 228 a coefficient, twice
  EXPECT_NEAR(count * fourth / (second * second), 4, 4 * (6 * std::sqrt(5 / (n / 2)) + fresh));
}

// Where there are most slots, some |s|^2 is ten times its mean, and a bound for Gaussian errors of one
// variance fails in a third of the runs.
TEST(CkksNoiseLargeRing, OneRoundingKeepsItsBound) {
  Parties parties(InsecureParametersForTests::create(
      {.log2_degree = 16, .levels = 1, .scale_bits = 40, .first_prime_bits = 50, .digits = 1},
      select_kernels()));
  for (int run = 0; run < 12; ++run) {
    const Slots x = parties.phases();
    const auto result = parties.evaluator.multiply(parties.fresh(x), 1.0);
    EXPECT_LE(parties.errors_of(result, x).largest, result.bound.error);
  }
}

// Parameters that are in use: 128-bit secure, checked against the table where they are made.
TEST(SlowCkksSecure, ProductsAndRotationsDownToLevelZeroKeepTheirBounds) {
  Parties parties(Parameters::create(
      {.log2_degree = 15, .levels = 16, .scale_bits = 36, .first_prime_bits = 46, .digits = 4},
      select_kernels()));
  const Slots x = parties.phases();
  Ciphertext a = parties.fresh(x);
  Slots exact = x;
  for (int level = 16; level > 0; --level) {
    // Of unit magnitude throughout, so that errors neither die out nor grow by the values.
    const Slots y = parties.phases();
    a = parties.rotations.rotate(parties.evaluator.multiply(a, parties.fresh(y)), 1);
    exact = rotated(product(exact, y));
    ASSERT_EQ(a.level(), level - 1);
    ASSERT_EQ(a.scale, parties.parameters->scale_at(level - 1));
    const auto errors = parties.errors_of(a, exact);
    ASSERT_LE(errors.largest, a.bound.error) << "level " << level - 1;
    // Not vacuous: a bound of one operation is at most (s + 2) / 2 above its deviation, s = (40 + 14) ln 2 =
    // 37; over 17 steps deviations add in squares, bounds do not.
    ASSERT_LE(a.bound.error, 2 * 17 * 20 * std::sqrt(errors.mean_square));
  }
  EXPECT_THROW(parties.evaluator.square(a), LevelExhaustedError);
}

}  // namespace
}  // namespace cloister::ckks
