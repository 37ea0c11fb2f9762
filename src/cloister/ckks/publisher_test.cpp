#include "cloister/ckks/owner/publisher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/owner/secret_encryptor.h"
#include "cloister/ckks/testing/insecure_parameters.h"

namespace cloister::ckks {
namespace {

class PublisherTest : public ::testing::Test {
 protected:
  ThreadPool pool{1};
  std::shared_ptr<const Parameters> parameters = InsecureParametersForTests::create(
      {.log2_degree = 11, .levels = 1, .scale_bits = 45, .first_prime_bits = 55, .digits = 1},
      scalar_kernels());
  Prng prng{Seed(Bytes32{}), 41};
  rlwe::SecretKey secret = rlwe::SecretKey::generate(parameters->rlwe(), prng, pool);
  Encoder encoder{parameters, pool};
  Decryptor decryptor{secret, encoder, pool};
  Publisher publisher{decryptor, *parameters};
  std::vector<double> values = make_values();
  Ciphertext ciphertext = encrypt(*parameters, secret, encoder.encode(values, 1), prng, pool);

  std::vector<double> make_values() const {
    std::vector<double> out(parameters->slots());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::sin(static_cast<double>(i));
    return out;
  }
};

TEST_F(PublisherTest, NoiseHasTheVarianceOfItsFormula) {
  ReleaseBudget budget(40, 30);
  const std::size_t count = values.size();
  double sum_of_squares = 0;
  for (int run = 0; run < 40; ++run) {
    const Release release = publisher.publish(ciphertext, ReleaseRequest::first(count, 1), budget, prng);
    // From the formula, with the fixed-point step and the decoding at most 1/64 + 2^-20 above it.
    const double formula =
        std::sqrt(12.0 * 40 * std::exp2(30) * static_cast<double>(count)) * ciphertext.bound.error;
    ASSERT_GE(release.noise_deviation, formula);
    ASSERT_LE(release.noise_deviation, formula * (1 + 1.0 / 64 + 0x1p-8));
    const double unit = std::exp2(-release.binary_digits);
    for (std::size_t i = 0; i < count; ++i) {
      const double difference = release.values[i] - values[i];
      ASSERT_LE(std::abs(difference), release.error);
      // The rounding to the digits that are left adds unit^2 / 12.
      sum_of_squares +=
          difference * difference / (release.noise_deviation * release.noise_deviation + unit * unit / 12);
    }
  }
  // The mean of n squares of unit Gaussians, n = 40960: within 6 deviations, sqrt(2 / n) each (a false alarm
  // has a chance of 2e-9, and the seed is fixed).
  const double n = 40.0 * static_cast<double>(count);
  EXPECT_NEAR(sum_of_squares / n, 1, 6 * std::sqrt(2 / n));
}

TEST_F(PublisherTest, FewerSlotsNeedLessNoiseAndOthersStayMasked) {
  ReleaseBudget budget(2, 30);
  const Release all = publisher.publish(ciphertext, ReleaseRequest::first(values.size(), 1), budget, prng);
  const Release few = publisher.publish(ciphertext, {{5, 700, 2}, 1}, budget, prng);
  ASSERT_EQ(few.values.size(), 3u);
  EXPECT_NEAR(all.noise_deviation / few.noise_deviation, std::sqrt(static_cast<double>(values.size()) / 3),
              1e-6);
  EXPECT_LE(std::abs(few.values[0] - values[5]), few.error);
  EXPECT_LE(std::abs(few.values[1] - values[700]), few.error);
  EXPECT_LE(std::abs(few.values[2] - values[2]), few.error);
}

TEST_F(PublisherTest, ValuesAreRoundedToTheStatedDigits) {
  ReleaseBudget budget(1, 30);
  const Release release = publisher.publish(ciphertext, ReleaseRequest::first(10, 1), budget, prng);
  for (const double v : release.values) {
    const double digits = std::ldexp(v, release.binary_digits);
    EXPECT_EQ(digits, std::nearbyint(digits));
  }
  EXPECT_LE(std::exp2(-release.binary_digits), release.noise_deviation);
  EXPECT_GT(std::exp2(1 - release.binary_digits), release.noise_deviation);
  EXPECT_LE(release.error, std::pow(10.0, -release.decimal_digits));
}

TEST_F(PublisherTest, ReleasesAreCountedAndRefusedWhenUsedUp) {
  ReleaseBudget budget(2, 30);
  publisher.publish(ciphertext, ReleaseRequest::first(1, 1), budget, prng);
  EXPECT_EQ(budget.used(), 1u);
  ReleaseBudget stored = ReleaseBudget::restore(budget.allowed(), budget.used(), budget.statistical_bits());
  EXPECT_EQ(stored.left(), 1u);
  publisher.publish(ciphertext, ReleaseRequest::first(1, 1), stored, prng);
  EXPECT_THROW(publisher.publish(ciphertext, ReleaseRequest::first(1, 1), stored, prng), SecurityError);
  EXPECT_EQ(stored.used(), 2u);
}

TEST_F(PublisherTest, RefusalsUseNothingUp) {
  ReleaseBudget budget(1, 30);
  EXPECT_THROW(publisher.publish(ciphertext, ReleaseRequest::first(1, 1e-9), budget, prng), PrecisionError);
  EXPECT_THROW(publisher.publish(ciphertext, ReleaseRequest::first(1, NAN), budget, prng), PrecisionError);
  EXPECT_THROW(publisher.publish(ciphertext, {{}, 1}, budget, prng), ParametersError);
  EXPECT_THROW(publisher.publish(ciphertext, {{values.size()}, 1}, budget, prng), ParametersError);
  auto unbounded = ciphertext.clone();
  unbounded.bound.error = 0;
  EXPECT_THROW(publisher.publish(unbounded, ReleaseRequest::first(1, 1), budget, prng), SecurityError);
  EXPECT_EQ(budget.used(), 0u);
}

TEST_F(PublisherTest, NoiseIsFreshInEveryRelease) {
  ReleaseBudget budget(2, 30);
  const Release a = publisher.publish(ciphertext, ReleaseRequest::first(64, 1), budget, prng);
  const Release b = publisher.publish(ciphertext, ReleaseRequest::first(64, 1), budget, prng);
  EXPECT_NE(a.values, b.values);
}

TEST(ReleaseBudget, RefusesWeakOrSenselessLimits) {
  EXPECT_THROW(ReleaseBudget(1, 29), SecurityError);
  EXPECT_THROW(ReleaseBudget(1, 61), ParametersError);
  EXPECT_THROW(ReleaseBudget(0, 30), ParametersError);
  EXPECT_THROW(ReleaseBudget(ReleaseBudget::kMaxReleases + 1, 30), ParametersError);
  EXPECT_THROW(ReleaseBudget::restore(2, 3, 30), ParametersError);
  EXPECT_EQ(ReleaseBudget::restore(2, 2, 30).left(), 0u);
}

}  // namespace
}  // namespace cloister::ckks
