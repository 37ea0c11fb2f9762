#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <vector>

#include "cloister/random/prng.h"
#include "cloister/random/samplers.h"

namespace cloister {
namespace {

Seed test_seed(std::uint8_t n) {
  Bytes32 b{};
  b[0] = n;
  return Seed(b);
}

TEST(Prng, KnownAnswer) {
  // NIST SP 800-38A F.5.5 uses another counter layout; this vector is AES-256 of the zero block and
  // of the block 0...01 under the zero key (FIPS 197 implementation of another library).
  Prng prng(Seed(Bytes32{}));
  std::array<std::uint8_t, 32> out;
  prng.fill(std::span<std::uint8_t>(out));
  EXPECT_EQ(to_hex(out), "dc95c078a2408989ad48a21492842087530f8afbc74536b9a963b4f1c4cb738b");
}

TEST(Prng, StreamDoesNotDependOnHowItIsCut) {
  std::vector<std::uint8_t> whole(5000), cut(5000);
  Prng a(test_seed(1), 7), b(test_seed(1), 7);
  a.fill(std::span<std::uint8_t>(whole));
  std::size_t at = 0;
  for (std::size_t n = 1; at < cut.size(); n = n * 3 % 1009 + 1) {
    const std::size_t now = std::min(n, cut.size() - at);
    b.fill(std::span<std::uint8_t>(cut).subspan(at, now));
    at += now;
  }
  EXPECT_EQ(whole, cut);
}

TEST(Prng, StreamsAndSeedsDiffer) {
  EXPECT_NE(Prng(test_seed(1), 0).next_u64(), Prng(test_seed(1), 1).next_u64());
  EXPECT_NE(Prng(test_seed(1), 0).next_u64(), Prng(test_seed(2), 0).next_u64());
  EXPECT_NE(Prng::from_system().next_u64(), Prng::from_system().next_u64());
}

// Chi-square of k equally likely cells, normal approximation; |z| < 5 has a false alarm below 6e-7.
double chi_square_z(const std::vector<double>& observed, const std::vector<double>& expected) {
  double x = 0;
  for (std::size_t i = 0; i < observed.size(); ++i)
    x += (observed[i] - expected[i]) * (observed[i] - expected[i]) / expected[i];
  const double k = static_cast<double>(observed.size()) - 1;
  return (x - k) / std::sqrt(2 * k);
}

TEST(Samplers, UniformIsBelowTheBoundAndFlat) {
  for (const std::uint64_t bound :
       {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{1099510054913}, (std::uint64_t{1} << 63) + 1}) {
    Prng prng(test_seed(3));
    std::vector<std::uint64_t> x(100000);
    sample_uniform(prng, bound, x);
    std::vector<double> seen(16), expected(16, x.size() / 16.0);
    for (const auto v : x) {
      ASSERT_LT(v, bound);
      seen[static_cast<std::size_t>(std::ldexp(static_cast<long double>(v) / bound, 4))] += 1;
    }
    if (bound > 16) {
      EXPECT_LT(std::abs(chi_square_z(seen, expected)), 5);
    }
  }
}

// What a sample is of its word is part of what seeds expand to.
TEST(Samplers, SamplesFollowFromTheirWords) {
  __extension__ using uint128 = unsigned __int128;
  constexpr std::uint64_t kMask = (std::uint64_t{1} << kErrorBinomialBits) - 1;
  for (const std::size_t n : {1, 5, 2047, 2048, 2049, 10000}) {
    std::vector<std::uint64_t> words(n);
    std::vector<std::int8_t> ternary(n), error(n);
    Prng a(test_seed(8)), b(test_seed(8)), c(test_seed(8));
    a.fill(std::span<std::uint64_t>(words));
    sample_ternary(b, ternary);
    sample_error(c, error);
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_EQ(ternary[i], static_cast<int>(static_cast<uint128>(words[i]) * 3 >> 64) - 1);
      ASSERT_EQ(error[i], std::popcount(words[i] & kMask) - std::popcount(words[i] >> 32 & kMask));
    }
    const std::uint64_t next = a.next_u64();
    EXPECT_EQ(b.next_u64(), next);
    EXPECT_EQ(c.next_u64(), next);
  }
}

TEST(Samplers, TernaryIsFlat) {
  Prng prng(test_seed(4));
  std::vector<std::int8_t> x(300000);
  sample_ternary(prng, x);
  std::vector<double> seen(3), expected(3, x.size() / 3.0);
  for (const auto v : x) seen[static_cast<std::size_t>(v + 1)] += 1;
  EXPECT_LT(std::abs(chi_square_z(seen, expected)), 5);
}

TEST(Samplers, SparseTernaryHasItsWeightAnywhere) {
  constexpr std::size_t kSize = 64;
  constexpr int kWeight = 8, kDraws = 4000;
  Prng prng(Seed(Bytes32{}), 77);
  std::vector<double> nonzero(kSize);
  double sum = 0;
  std::vector<std::int8_t> x(kSize, 5);
  for (int draw = 0; draw < kDraws; ++draw) {
    sample_sparse_ternary(prng, kWeight, x);
    int weight = 0;
    for (std::size_t i = 0; i < kSize; ++i) {
      ASSERT_LE(std::abs(x[i]), 1);
      weight += x[i] != 0;
      nonzero[i] += x[i] != 0;
      sum += x[i];
    }
    ASSERT_EQ(weight, kWeight);
  }
  // A place is taken in an eighth of the draws, a sign is even: within six deviations, with a fixed seed.
  const double p = static_cast<double>(kWeight) / kSize;
  for (const double count : nonzero) EXPECT_NEAR(count, p * kDraws, 6 * std::sqrt(p * (1 - p) * kDraws));
  EXPECT_NEAR(sum, 0, 6 * std::sqrt(static_cast<double>(kWeight) * kDraws));
  EXPECT_THROW(sample_sparse_ternary(prng, 65, x), ParametersError);
  sample_sparse_ternary(prng, 64, x);
  EXPECT_EQ(std::ranges::count(x, 0), 0);
}

TEST(Samplers, ErrorIsCentredBinomial) {
  Prng prng(test_seed(5));
  std::vector<std::int8_t> x(1000000);
  sample_error(prng, x);
  double mean = 0, variance = 0;
  constexpr int kCore = 10;  // cells -10..10 and the two tails
  std::vector<double> seen(2 * kCore + 3), expected(2 * kCore + 3);
  for (const auto v : x) {
    ASSERT_LE(std::abs(v), kErrorBound);
    mean += v;
    variance += v * v;
    seen[static_cast<std::size_t>(std::clamp<int>(v, -kCore - 1, kCore + 1) + kCore + 1)] += 1;
  }
  const double n = static_cast<double>(x.size());
  // Difference of two B(21, 1/2) is B(42, 1/2) - 21.
  double p = std::ldexp(1.0, -42);
  for (int k = 0; k <= 42; ++k) {
    expected[static_cast<std::size_t>(std::clamp(k - 21, -kCore - 1, kCore + 1) + kCore + 1)] += n * p;
    p = p * (42 - k) / (k + 1);
  }
  EXPECT_LT(std::abs(mean / n), 5 * std::sqrt(kErrorVariance / n));
  // Var of v^2 is below 2 variance^2 for this law, so 5 deviations of the mean square:
  EXPECT_LT(std::abs(variance / n - kErrorVariance), 5 * kErrorVariance * std::sqrt(2 / n));
  EXPECT_LT(std::abs(chi_square_z(seen, expected)), 5);
}

TEST(Samplers, RoundedGaussianHasItsMoments) {
  Prng prng(test_seed(6));
  std::vector<std::int64_t> x(400001);
  const double sigma = 1e6;
  sample_rounded_gaussian(prng, sigma, x);
  double mean = 0, square = 0;
  for (const auto v : x) {
    mean += static_cast<double>(v);
    square += static_cast<double>(v) * static_cast<double>(v);
  }
  const double n = static_cast<double>(x.size());
  EXPECT_LT(std::abs(mean / n), 5 * sigma / std::sqrt(n));
  EXPECT_LT(std::abs(square / n / (sigma * sigma) - 1), 5 * std::sqrt(2 / n));
  EXPECT_THROW(sample_rounded_gaussian(prng, 0x1p60, x), ParametersError);
}

}  // namespace
}  // namespace cloister
