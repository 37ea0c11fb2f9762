#include "cloister/math/modulus.h"

#include <gtest/gtest.h>

#include <vector>

#include "cloister/math/primes.h"
#include "cloister/random/prng.h"

namespace cloister {
namespace {

const std::vector<std::uint64_t> kModuli{2,
                                         3,
                                         17,
                                         65537,
                                         (std::uint64_t{1} << 32) - 5,
                                         1099511480321,
                                         (std::uint64_t{1} << 50) - 27,
                                         (std::uint64_t{1} << 59),
                                         (std::uint64_t{1} << 60) - 93,
                                         (std::uint64_t{1} << 60) - 1};

TEST(Modulus, AgreesWithWideDivision) {
  Prng prng(Seed(Bytes32{}), 1);
  for (const auto value : kModuli) {
    const Modulus q(value);
    std::vector<std::uint64_t> edge{
        0, 1, value - 1, value, value + 1, ~std::uint64_t{0}, ~std::uint64_t{0} - 1};
    for (int i = 0; i < 300; ++i) edge.push_back(prng.next_u64());
    for (const auto a : edge) {
      EXPECT_EQ(q.reduce(a), a % value);
      EXPECT_EQ(q.reduce(static_cast<std::int64_t>(a)),
                static_cast<std::uint64_t>(
                    ((static_cast<int128>(static_cast<std::int64_t>(a)) % value) + value) % value));
      for (const auto b : edge) {
        const uint128 wide = static_cast<uint128>(a) << 64 | b;
        ASSERT_EQ(q.reduce(wide), static_cast<std::uint64_t>(wide % value)) << value;
        const auto x = a % value, y = b % value;
        ASSERT_EQ(q.mul(x, y), static_cast<std::uint64_t>(static_cast<uint128>(x) * y % value));
        ASSERT_EQ(q.add(x, y), (x + y) % value);
        ASSERT_EQ(q.sub(x, y), (x + value - y) % value);
        ASSERT_EQ(ShoupFactor(x, q).mul(b, value),
                  static_cast<std::uint64_t>(static_cast<uint128>(x) * b % value));
      }
      EXPECT_EQ(q.add(a % value, q.negate(a % value)), 0u);
    }
  }
}

TEST(Modulus, CentreIsTheNearestRepresentative) {
  const Modulus q(17);
  EXPECT_EQ(q.centre(8), 8);
  EXPECT_EQ(q.centre(9), -8);
  EXPECT_EQ(q.centre(16), -1);
  EXPECT_EQ(q.centre(0), 0);
}

TEST(Modulus, InverseAndRefusals) {
  const Modulus q(1099511480321);
  for (const std::uint64_t a : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{1099511480320}})
    EXPECT_EQ(q.mul(a, q.inverse(a)), 1u);
  EXPECT_THROW(q.inverse(0), ParametersError);
  EXPECT_THROW(Modulus(15).inverse(5), ParametersError);
  EXPECT_THROW(Modulus(1), ParametersError);
  EXPECT_THROW(Modulus(std::uint64_t{1} << 60), ParametersError);
}

TEST(Primes, KnownAnswers) {
  // Strong pseudoprimes and primes from the literature; 3215031751 fools bases 2, 3, 5, 7.
  for (const std::uint64_t x : {std::uint64_t{3215031751}, std::uint64_t{3825123056546413051} >> 2,
                                std::uint64_t{561}, std::uint64_t{341550071728321}})
    EXPECT_FALSE(is_prime(x));
  for (const std::uint64_t x : {std::uint64_t{2}, std::uint64_t{37}, std::uint64_t{65537},
                                (std::uint64_t{1} << 59) - 55, (std::uint64_t{1} << 60) - 93})
    EXPECT_TRUE(is_prime(x));
  int count = 0;
  for (std::uint64_t x = 0; x < 10000; ++x) count += is_prime(x);
  EXPECT_EQ(count, 1229);
}

TEST(Primes, NearestIsNearestAndDistinct) {
  const std::uint64_t step = 1 << 15;
  std::vector<std::uint64_t> chosen;
  double last = 0;
  const double target = 0x1p40;
  for (int i = 0; i < 20; ++i) {
    const auto p = nearest_prime(target, step, chosen);
    EXPECT_EQ(p % step, 1u);
    EXPECT_TRUE(is_prime(p));
    const double away = std::abs(static_cast<double>(p) - target);
    EXPECT_GE(away, last);
    last = away;
    chosen.push_back(p);
  }
  EXPECT_THROW(nearest_prime(0x1p14, step, {}), ParametersError);
  // Above what a modulus may be: what is near is below, or there is nothing, and neither takes long to say.
  const auto largest = nearest_prime(0x1.8p60, step, {});
  EXPECT_TRUE(is_prime(largest) && largest < std::uint64_t{1} << Modulus::kMaxBits);
  EXPECT_EQ(largest, nearest_prime(0x1p60, step, {}));
  EXPECT_THROW(nearest_prime(0x1p61, step, {}), ParametersError);
  EXPECT_THROW(nearest_prime(0x1.fffffffffffp60, step, {}), ParametersError);
}

TEST(Primes, PrimitiveRootHasItsOrder) {
  const std::uint64_t q = nearest_prime(0x1p45, 1 << 12, {});
  const Modulus modulus(q);
  const auto root = primitive_root(q, 1 << 12);
  EXPECT_EQ(modulus.pow(root, 1 << 11), q - 1);
  EXPECT_THROW(primitive_root(q, std::uint64_t{1} << 50), ParametersError);
}

}  // namespace
}  // namespace cloister
