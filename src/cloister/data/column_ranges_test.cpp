#include "cloister/data/column_ranges.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "cloister/base/error.h"
#include "cloister/data/csv.h"

namespace cloister::data {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Prng prng() { return Prng(Seed(Bytes32{5})); }

ColumnRanges two_columns(std::uint32_t bins = 4) {
  Prng random = prng();
  return ColumnRanges::create({{"age", 0, 100}, {"x", -0.5, 0.3}}, bins, random);
}

TEST(ColumnRanges, UnitsAreTheLeastPowersOfTwoThatHoldTheRange) {
  EXPECT_EQ((ColumnRange{"a", 0, 100}.unit()), 128);
  EXPECT_EQ((ColumnRange{"a", 0, 128}.unit()), 128);
  EXPECT_EQ((ColumnRange{"a", -129, 128}.unit()), 256);
  EXPECT_EQ((ColumnRange{"a", -0.5, 0.3}.unit()), 0.5);
  EXPECT_EQ((ColumnRange{"a", 0, 1}.unit()), 1);
}

TEST(ColumnRanges, EdgesStartAndEndAtTheRange) {
  EXPECT_EQ((ColumnRange{"a", 0, 100}.edges(4)), (std::vector<double>{0, 25, 50, 75, 100}));
  const auto edges = ColumnRange{"a", -0.1, 0.7}.edges(7);
  EXPECT_EQ(edges.front(), -0.1);
  EXPECT_EQ(edges.back(), 0.7);
  EXPECT_TRUE(std::ranges::is_sorted(edges));
}

TEST(ColumnRanges, RangesAreWidenedToFewDigits) {
  EXPECT_EQ(rounded_outwards({18, 97}), (Range{10, 100}));
  EXPECT_EQ(rounded_outwards({-3.2, 4.9}), (Range{-4, 5}));
  EXPECT_EQ(rounded_outwards({0.31, 0.68}), (Range{0.3, 0.7}));
  EXPECT_EQ(rounded_outwards({39343, 122391}), (Range{30000, 130000}));
  EXPECT_EQ(rounded_outwards({7, 7}), (Range{7, 8}));
  EXPECT_EQ(rounded_outwards({0, 0}), (Range{0, 1}));
  EXPECT_THROW(rounded_outwards({-1e308, 1e308}), ParametersError);
}

TEST(ColumnRanges, ValuesAreScaledAndCounted) {
  const Table table =
      parse_csv("age,name,x\n0,a,-0.5\n25,b,0.3\n-1,c,-0.6\n100,d,0.31\n101,e,0\n24.9,f,-0.3\n");
  const BinnedRows rows = two_columns().apply(table);
  EXPECT_EQ(rows.values.rows, 6u);
  EXPECT_EQ(rows.left_out, 0u);
  EXPECT_EQ(rows.values(3, 0), 100.0 / 128);
  EXPECT_EQ(rows.values(0, 1), -1);
  // age: bins of 25 from 0 to 100; x: of 0.2 from -0.5 to 0.3.
  EXPECT_EQ(rows.bins, (std::vector<std::uint32_t>{1, 1, 2, 4, 0, 0, 4, 5, 5, 3, 1, 2}));
  EXPECT_TRUE(two_columns(0).apply(table).bins.empty());
}

TEST(ColumnRanges, RowsThatLackAValueOfTheColumnsAreLeftOut) {
  const BinnedRows rows = two_columns().apply(parse_csv("age,name,x\n1,NA,0\n2,b,\n,c,0\n4,d,0.25\n"));
  EXPECT_EQ(rows.values.rows, 2u);
  EXPECT_EQ(rows.left_out, 2u);
  EXPECT_EQ(rows.values(1, 0), 4.0 / 128);
}

TEST(ColumnRanges, TablesThatDoNotFitAreRefused) {
  EXPECT_THROW(two_columns().apply(parse_csv("age,y\n1,2\n")), Error);
  try {
    two_columns().apply(parse_csv("age,x\n1,2\n3,secret\n"));
    FAIL();
  } catch (const ParametersError& e) {
    const std::string text = e.what();
    EXPECT_NE(text.find("\"x\", line 3"), std::string::npos) << text;
    EXPECT_EQ(text.find("secret"), std::string::npos);
  }
}

TEST(ColumnRanges, RangesThatAreNoneAreRefused) {
  const auto refused = [](std::vector<ColumnRange> columns, std::uint32_t bins = 4) {
    Prng random = prng();
    EXPECT_THROW(ColumnRanges::create(std::move(columns), bins, random), ParametersError);
  };
  refused({});
  refused({{"", 0, 1}});
  refused({{"a", 1, 1}});
  refused({{"a", 2, 1}});
  refused({{"a", 0, kInfinity}});
  refused({{"a", 0, 1e151}});
  refused({{"a", std::nan(""), 1}});
  refused({{"a", 0, 1}, {"a", 0, 2}});
  refused({{"a", 0, 1}}, (1u << 16) + 1);
}

TEST(ColumnRanges, SurviveTheirFileAndShowEveryChange) {
  const ColumnRanges ranges = two_columns();
  const auto json = nlohmann::json::parse(ranges.to_json().dump());
  const ColumnRanges again = ColumnRanges::from_json(json);
  EXPECT_TRUE(std::ranges::equal(again.columns(), ranges.columns()));
  EXPECT_EQ(again.digest(), ranges.digest());
  auto other = json;
  other["columns"][0]["high"] = 101;
  EXPECT_NE(ColumnRanges::from_json(other).digest(), ranges.digest());
  other = json;
  other["bins"] = 5;
  EXPECT_NE(ColumnRanges::from_json(other).digest(), ranges.digest());
}

TEST(ColumnRanges, TheSameRangesHaveAnotherDigestEachTime) {
  Prng random = prng();
  const auto a = ColumnRanges::create({{"age", 0, 100}}, 4, random);
  const auto b = ColumnRanges::create({{"age", 0, 100}}, 4, random);
  EXPECT_NE(a.digest(), b.digest());
}

TEST(ColumnRanges, FilesOfAnotherFormAreRefused) {
  const auto json = two_columns().to_json();
  const auto refused = [&](auto change) {
    auto damaged = json;
    change(damaged);
    EXPECT_THROW(ColumnRanges::from_json(damaged), DecodeError) << damaged;
  };
  refused([](auto& j) { j = nlohmann::json::array(); });
  refused([](auto& j) { j.erase("salt"); });
  refused([](auto& j) { j["salt"] = "00"; });
  refused([](auto& j) { j["salt"] = "not hex"; });
  refused([](auto& j) { j["format"] = "cloister columns 2"; });
  refused([](auto& j) { j["columns"] = nlohmann::json::array(); });
  refused([](auto& j) { j["columns"][1]["name"] = "age"; });
  refused([](auto& j) { j["columns"][1]["low"] = 7; });
  refused([](auto& j) { j["columns"][1]["low"] = "7"; });
  refused([](auto& j) { j["bins"] = -1; });
  refused([](auto& j) { j["bins"] = 1 << 20; });
  refused([](auto& j) { j["more"] = 1; });
}

}  // namespace
}  // namespace cloister::data
