#include "cloister/math/big_integer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "cloister/base/bytes.h"
#include "cloister/base/error.h"
#include "cloister/random/prng.h"

namespace cloister {
namespace {

BigInteger hex(std::string_view text) { return BigInteger::from_bytes(from_hex(text)); }

BigInteger random_integer(Prng& prng, std::size_t limbs) {
  std::vector<std::uint64_t> words(limbs);
  prng.fill(words);
  return BigInteger::from_limbs(words);
}

TEST(BigInteger, BytesAndLimbsRoundTripAtTheirExactSize) {
  const BigInteger x = hex("0102030405060708090a");
  EXPECT_EQ(x.bit_length(), 73u);
  EXPECT_EQ(to_hex(x.to_bytes(10)), "0102030405060708090a");
  EXPECT_EQ(to_hex(x.to_bytes(12)), "00000102030405060708090a");
  EXPECT_THROW(x.to_bytes(9), ParametersError);
  std::vector<std::uint64_t> limbs(3, ~std::uint64_t{0});
  x.to_limbs(limbs);
  EXPECT_EQ(limbs, (std::vector<std::uint64_t>{0x030405060708090aULL, 0x0102ULL, 0}));
  EXPECT_EQ(BigInteger::from_limbs(limbs), x);
  EXPECT_THROW(x.to_limbs(std::span(limbs).first(1)), ParametersError);
  EXPECT_THROW((-x).to_bytes(20), ParametersError);
  EXPECT_EQ(BigInteger().to_bytes(0).size(), 0u);
  EXPECT_EQ(BigInteger().bit_length(), 0u);
}

TEST(BigInteger, MovedFromIsReusableAndCloneIsIndependent) {
  BigInteger a(7);
  BigInteger b = std::move(a);
  a = BigInteger(9);
  BigInteger c = b.clone();
  b = BigInteger(8);
  EXPECT_EQ(a, BigInteger(9));
  EXPECT_EQ(c, BigInteger(7));
}

TEST(BigInteger, ArithmeticAgreesWithInt64AtTheEdges) {
  const std::int64_t edges[] = {-5, -1, 0, 1, 2, 1000003, -1000003};
  for (const auto x : edges)
    for (const auto y : edges) {
      const BigInteger a(x), b(y);
      EXPECT_EQ(a + b, BigInteger(x + y));
      EXPECT_EQ(a - b, BigInteger(x - y));
      EXPECT_EQ(a * b, BigInteger(x * y));
      EXPECT_EQ(-a, BigInteger(-x));
      EXPECT_EQ(a < b, x < y);
      EXPECT_EQ(a >> 3, BigInteger(x >> 3));
      EXPECT_EQ(a.mod(std::uint64_t{7}), static_cast<std::uint64_t>(((x % 7) + 7) % 7));
      EXPECT_EQ(a.mod(BigInteger(7)), BigInteger(((x % 7) + 7) % 7));
    }
  EXPECT_EQ(BigInteger(std::numeric_limits<std::int64_t>::min()), -BigInteger::power_of_two(63));
  EXPECT_THROW(BigInteger(3).mod(BigInteger(0)), ParametersError);
  EXPECT_THROW(BigInteger(3).mod(std::uint64_t{0}), ParametersError);
}

TEST(BigInteger, FermatAndInverseOnAMersennePrime) {
  const BigInteger p = BigInteger::power_of_two(521) - BigInteger(1);  // prime (Robinson 1952)
  EXPECT_TRUE(is_probable_prime_vartime(p));
  EXPECT_FALSE(is_probable_prime_vartime(p - BigInteger(2)));
  EXPECT_FALSE(is_probable_prime_vartime(BigInteger(561)));  // a Carmichael number
  Prng prng{Seed(Bytes32{1})};
  for (int i = 0; i < 20; ++i) {
    const BigInteger x = random_integer(prng, 8);
    EXPECT_EQ(power(x, p - BigInteger(1), p), BigInteger(1));
    EXPECT_EQ(power_vartime(x, p - BigInteger(1), p), BigInteger(1));
    const BigInteger e = random_integer(prng, 8);
    EXPECT_EQ(power(x, e, p), power_vartime(x, e, p));
    EXPECT_EQ((x * *invert_vartime(x, p)).mod(p), BigInteger(1));
  }
  EXPECT_FALSE(invert_vartime(BigInteger(6), BigInteger(9)).has_value());
  EXPECT_EQ(gcd_vartime(BigInteger(-12), BigInteger(18)), BigInteger(6));
}

TEST(BigInteger, RefusesModuliAndExponentsOutOfRange) {
  const BigInteger two(2), three(3), zero(0);
  EXPECT_THROW(power(two, three, BigInteger(8)), ParametersError);
  EXPECT_THROW(power(two, zero, three), ParametersError);
  EXPECT_THROW(power(two, three, BigInteger(1)), ParametersError);
  EXPECT_THROW(power_vartime(two, three, zero), ParametersError);
  EXPECT_THROW(power_vartime(two, BigInteger(-1), three), ParametersError);
  EXPECT_THROW(jacobi_vartime(two, BigInteger(8)), ParametersError);
  EXPECT_THROW(invert_vartime(two, zero), ParametersError);
}

TEST(BigInteger, PerfectPowersAndJacobi) {
  EXPECT_TRUE(is_perfect_power_vartime(BigInteger(3 * 3 * 3)));
  EXPECT_FALSE(is_perfect_power_vartime(BigInteger(35)));
  EXPECT_EQ(jacobi_vartime(BigInteger(2), BigInteger(7)), 1);
  EXPECT_EQ(jacobi_vartime(BigInteger(3), BigInteger(7)), -1);
  EXPECT_EQ(jacobi_vartime(BigInteger(14), BigInteger(7)), 0);
}

TEST(BigInteger, FloatingConversionRoundsToNearest) {
  const BigInteger one(1);
  for (const int shift : {0, 1, 10, 200}) {
    const auto at = static_cast<std::size_t>(shift);
    const BigInteger ulp = one << at;  // of a double in [2^(52+shift), 2^(53+shift))
    const BigInteger base = BigInteger::power_of_two(52) << at;
    EXPECT_EQ(base.to_double(), std::ldexp(1.0, 52 + shift));
    EXPECT_EQ((base + ulp).to_double(), std::ldexp(1.0, 52 + shift) + std::ldexp(1.0, shift));
    EXPECT_EQ((-base - ulp).to_double(), -std::ldexp(1.0, 52 + shift) - std::ldexp(1.0, shift));
  }
  // All ones carries into the next binade; just below half stays.
  EXPECT_EQ((BigInteger::power_of_two(80) - one).to_double(), std::ldexp(1.0, 80));
  EXPECT_EQ((BigInteger::power_of_two(64) - one).to_long_double(), 18446744073709551615.0L);
  EXPECT_EQ((BigInteger::power_of_two(90) - one).to_long_double(), std::ldexp(1.0L, 90));
  EXPECT_EQ((BigInteger::power_of_two(60) + BigInteger(127)).to_double(), std::ldexp(1.0, 60));
  EXPECT_EQ(BigInteger(3).to_double_scaled(1), 1.5);
  EXPECT_EQ(BigInteger(-3).to_long_double_scaled(70), -std::ldexp(3.0L, -70));
  EXPECT_EQ(BigInteger().to_double(), 0.0);
  EXPECT_EQ(BigInteger::power_of_two(5000).to_double(), std::numeric_limits<double>::infinity());
  EXPECT_EQ((BigInteger::power_of_two(5000) + one).to_double_scaled(5000), 1.0);
}

}  // namespace
}  // namespace cloister
