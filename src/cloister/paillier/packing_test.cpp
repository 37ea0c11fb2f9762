#include "cloister/paillier/packing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "cloister/base/error.h"
#include "cloister/paillier/fixed_point.h"

namespace cloister::paillier {
namespace {

TEST(PaillierFixedPoint, RoundsToTheNearestEvenInteger) {
  EXPECT_EQ(encode_value(0.0, 8, 20, 0), 0);
  EXPECT_EQ(encode_value(-0.0, 8, 20, 0), 0);
  EXPECT_EQ(encode_value(1.0 / 512, 8, 20, 0), 0);
  EXPECT_EQ(encode_value(3.0 / 512, 8, 20, 0), 2);
  EXPECT_EQ(encode_value(-1.25, 2, 20, 0), -5);
  EXPECT_EQ(encode_value(std::ldexp(1.0, 60), 60, 126, 0), Int128{1} << 120);
}

TEST(PaillierFixedPoint, HoldsItsRangeAndNothingBeyond) {
  const FixedPoint format{10, 4};
  const double inside[] = {16.0, -16.0};
  EXPECT_EQ(encode_values(inside, format), (std::vector<Int128>{1 << 14, -(1 << 14)}));
  EXPECT_EQ(format.bound(), BigInteger::power_of_two(14));
  for (const double bad : {16.001, -17.0, 1e300, std::nan(""), std::numeric_limits<double>::infinity()}) {
    const double values[] = {1.0, bad};
    try {
      encode_values(values, format);
      FAIL() << bad;
    } catch (const ParametersError& e) {
      EXPECT_NE(std::string(e.what()).find("value 1 "), std::string::npos);
      EXPECT_EQ(std::string(e.what()).find("1.7"), std::string::npos);
    }
  }
  EXPECT_THROW((FixedPoint{40, 23}.validate()), ParametersError);
  EXPECT_THROW((FixedPoint{-1, 3}.validate()), ParametersError);
  EXPECT_THROW((FixedPoint{std::numeric_limits<int>::max(), 1}.validate()), ParametersError);
}

TEST(PaillierFixedPoint, WideIntegersConvertAtTheEdges) {
  const Int128 most = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(to_big_integer(most), BigInteger(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(to_big_integer(-most - 1), BigInteger(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(to_big_integer(Int128{1} << 126), BigInteger::power_of_two(126));
  EXPECT_EQ(to_big_integer(-(Int128{1} << 126)), -BigInteger::power_of_two(126));
  EXPECT_EQ(to_big_integer(0), BigInteger(0));
}

TEST(PaillierPacking, PlansTheMostSlotsThatHoldTheBound) {
  for (const std::size_t bits : {1u, 2u, 31u, 63u, 64u, 96u, 500u, 1023u, 2046u}) {
    const BigInteger bound = BigInteger::power_of_two(bits) - BigInteger(1);
    const Packing packing = Packing::plan(2048, bound);
    EXPECT_TRUE(packing.fits(2048));
    EXPECT_EQ(packing.capacity(), bound);
    EXPECT_EQ(packing.slots, 2047 / (bits + 1));
    const Packing next = Packing::plan(4096, bound + BigInteger(1));
    EXPECT_EQ(next.bits_per_slot, bits + 2);
  }
  EXPECT_EQ(Packing::plan(2048, BigInteger(0)).bits_per_slot, 2u);
  EXPECT_THROW(Packing::plan(2048, BigInteger::power_of_two(2046)), PrecisionError);
  EXPECT_EQ(Packing::plan(2048, BigInteger::power_of_two(2046) - BigInteger(1)), Packing::single(2048));
}

TEST(PaillierPacking, PlansGuardBitsForTheNumberOfAdditions) {
  // Counts of 1,000 rows: 10 bits and a sign.
  EXPECT_EQ(Packing::plan_sums(2048, BigInteger(1), 1000), (Packing{2047 / 11, 11}));
  EXPECT_EQ(Packing::plan_sums(2048, BigInteger(1), 1023), (Packing{2047 / 11, 11}));
  EXPECT_EQ(Packing::plan_sums(2048, BigInteger(1), 1024), (Packing{2047 / 12, 12}));
  EXPECT_EQ(Packing::plan_sums(2048, BigInteger::power_of_two(60), UINT64_MAX).bits_per_slot, 125u);
  EXPECT_THROW(Packing::plan_sums(2048, BigInteger::power_of_two(2000), UINT64_MAX), PrecisionError);
}

TEST(PaillierPacking, KnowsWhatFits) {
  EXPECT_FALSE((Packing{0, 10}.fits(2048)));
  EXPECT_FALSE((Packing{1, 1}.fits(2048)));
  EXPECT_FALSE((Packing{1, 2048}.fits(2048)));
  EXPECT_FALSE((Packing{0xffffffff, 0xffffffff}.fits(2048)));
  EXPECT_TRUE((Packing{23, 89}.fits(2048)));
  EXPECT_EQ((Packing{23, 89}.ciphertexts(24)), 2u);
  EXPECT_EQ((Packing{23, 89}.ciphertexts(23)), 1u);
}

}  // namespace
}  // namespace cloister::paillier
