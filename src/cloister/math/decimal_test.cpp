#include "cloister/math/decimal.h"

#include <gtest/gtest.h>

namespace cloister {
namespace {

TEST(Decimal, IsTheInverseOfItself) {
  for (const char* text :
       {"0", "7", "10", "18446744073709551616", "340282366920938463463374607431768211456"}) {
    const auto value = from_decimal(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(to_decimal(*value), text);
  }
  EXPECT_EQ(*from_decimal("18446744073709551616"), BigInteger::power_of_two(64));
  EXPECT_EQ(to_decimal(BigInteger(-120)), "-120");
}

TEST(Decimal, RefusesOtherTexts) {
  for (const char* text : {"", "-1", "+1", "01", "00", " 1", "1 ", "1e3", "0x1", "1.0", "\xd9\xa1"})
    EXPECT_FALSE(from_decimal(text)) << text;
  EXPECT_FALSE(from_decimal(std::string_view("1\0", 2)));
}

}  // namespace
}  // namespace cloister
