#include "cloister/data/schema.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cloister/base/error.h"
#include "cloister/data/csv.h"

namespace cloister::data {
namespace {

constexpr const char* kTable =
    "age,smoker,city,gender,empty,same\n"
    "36,1,Ulm,m,NA,4\n"
    "NA,0,Köln,f,NA,4\n"
    "61.5,1,Bonn,NA,NA,4\n";

TEST(Schema, InfersKindsRangesCategoriesAndMissingCounts) {
  const Schema s = infer_schema(parse_csv(kTable));
  ASSERT_EQ(s.rows, 3u);
  ASSERT_EQ(s.columns.size(), 6u);
  EXPECT_EQ(s.columns[0], (ColumnSchema{"age", ColumnKind::kBinary, Range{36, 61.5}, {}, 1}));
  EXPECT_EQ(s.columns[1], (ColumnSchema{"smoker", ColumnKind::kBinary, Range{0, 1}, {}, 0}));
  EXPECT_EQ(s.columns[2], (ColumnSchema{"city", ColumnKind::kCategorical, {}, {"Bonn", "Köln", "Ulm"}, 0}));
  EXPECT_EQ(s.columns[3], (ColumnSchema{"gender", ColumnKind::kBinary, {}, {"f", "m"}, 1}));
  EXPECT_EQ(s.columns[4], (ColumnSchema{"empty", ColumnKind::kNumeric, {}, {}, 3}));
  EXPECT_EQ(s.columns[5], (ColumnSchema{"same", ColumnKind::kNumeric, Range{4, 4}, {}, 0}));
  EXPECT_EQ(infer_schema(parse_csv("a\n1\n2\n3\n")).columns[0].kind, ColumnKind::kNumeric);
}

TEST(Schema, TextIsAligned) {
  EXPECT_EQ(infer_schema(parse_csv(kTable)).to_text(),
            "column  kind         missing  values\n"
            "age     binary             1  36 to 61.5\n"
            "smoker  binary             0  0 to 1\n"
            "city    categorical        0  Bonn, Köln, Ulm\n"
            "gender  binary             1  f, m\n"
            "empty   numeric            3  (none)\n"
            "same    numeric            0  4 to 4\n"
            "3 rows, 6 columns\n");
}

TEST(Schema, JsonRoundTrips) {
  const Schema s = infer_schema(parse_csv(kTable));
  EXPECT_EQ(Schema::from_json(nlohmann::json::parse(s.to_json().dump())), s);
}

TEST(Schema, RefusesDamagedJson) {
  const nlohmann::json good = infer_schema(parse_csv(kTable)).to_json();
  const auto refused = [](const nlohmann::json& json) {
    try {
      Schema::from_json(json);
      return false;
    } catch (const Error& e) {
      return e.code() == ErrorCode::kDataLoss;
    }
  };
  EXPECT_FALSE(refused(good));
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused(nlohmann::json::array()));
  for (const auto& [key, value] : good.items()) {
    nlohmann::json json = good;
    json.erase(key);
    EXPECT_TRUE(refused(json)) << key;
    json[key] = "x";
    EXPECT_TRUE(refused(json)) << key;
  }
  for (const char* patch : {R"({"version":2})", R"({"rows":-1})", R"({"columns":[{"name":"a"}]})",
                            R"({"columns":[{"name":"a","kind":"odd","missing":0}]})",
                            R"({"columns":[{"name":"a","kind":"numeric","missing":9}]})",
                            R"({"columns":[{"name":"a","kind":"numeric","missing":0,"min":2,"max":1}]})",
                            R"({"columns":[{"name":"a","kind":"numeric","missing":0,"min":null,"max":1}]})",
                            R"({"columns":[{"name":"a","kind":"binary","missing":0,"categories":[1]}]})"}) {
    nlohmann::json json = good;
    json.update(nlohmann::json::parse(patch));
    EXPECT_TRUE(refused(json)) << patch;
  }
}

TEST(Schema, TooManyCategoriesAreToBeDropped) {
  std::string csv = "id,age\n";
  for (int i = 0; i < 40; ++i)
    csv += (i < 5 ? "" : "p") + std::to_string(i) + ",1" + std::to_string(i) + "\n";
  const Table t = parse_csv(csv);
  try {
    infer_schema(t);
    FAIL();
  } catch (const ParametersError& e) {
    const std::string what = e.what();
    EXPECT_NE(what.find("\"id\" (first text at line 7)"), std::string::npos) << what;
    EXPECT_NE(what.find("drop"), std::string::npos) << what;
  }
  const std::vector<std::string> dropped = {"id"};
  EXPECT_EQ(infer_schema(t, dropped).columns.size(), 1u);
  EXPECT_EQ(infer_schema(t, {}, 40).columns.size(), 2u);
  const std::vector<std::string> absent = {"ID2"};
  EXPECT_THROW(infer_schema(t, absent), Error);
}

}  // namespace
}  // namespace cloister::data
