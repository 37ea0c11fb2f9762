#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "cloister/data/csv.h"
#include "cloister/data/schema.h"
#include "cloister/data/split.h"

// On the public files that the project does not ship; see the folder's README.

namespace cloister::data {
namespace {

std::filesystem::path data_file(const char* name) {
  const char* folder = std::getenv("CLOISTER_DATA_DIR");
  return std::filesystem::path(folder != nullptr ? folder : CLOISTER_DEFAULT_DATA_DIR) / name;
}

#define SKIP_WITHOUT(path)            \
  if (!std::filesystem::exists(path)) \
  GTEST_SKIP() << (path) << " is absent; set CLOISTER_DATA_DIR to the folder of the public data files"

PreparationSpec chd_spec() {
  PreparationSpec spec;
  spec.target = "TenYearCHD";
  spec.missing = MissingPolicy::kDropIncompleteRows;
  return spec;
}

void expect_clean(const Examples& e) {
  EXPECT_TRUE(std::all_of(e.features.values.begin(), e.features.values.end(),
                          [](double x) { return std::isfinite(x); }));
  EXPECT_EQ(e.target.size(), e.features.rows);
  EXPECT_EQ(e.source_row.size(), e.features.rows);
}

TEST(RealData, ChdSchema) {
  const auto path = data_file("framingham.csv");
  SKIP_WITHOUT(path);
  const Table t = read_csv(path);
  EXPECT_EQ(t.rows(), 4238u);
  EXPECT_EQ(t.columns().size(), 16u);
  EXPECT_EQ(t.line(4237), 4239u);
  const Schema s = infer_schema(t);
  const auto column = [&](const char* name) {
    return *std::find_if(s.columns.begin(), s.columns.end(),
                         [&](const ColumnSchema& c) { return c.name == name; });
  };
  EXPECT_EQ(column("glucose").missing, 388u);
  EXPECT_EQ(column("TenYearCHD").kind, ColumnKind::kBinary);
  EXPECT_EQ(column("age").range, (Range{32, 70}));
  for (const Column& c : t.columns()) EXPECT_TRUE(c.is_numeric()) << c.name();
  EXPECT_EQ(to_csv(parse_csv(to_csv(t))), to_csv(t));
}

TEST(RealData, ChdReferencePreparation) {
  const auto path = data_file("framingham.csv");
  SKIP_WITHOUT(path);
  PreparationSpec spec = chd_spec();
  spec.drop = {"education", "currentSmoker", "BPMeds", "diabetes", "diaBP", "BMI"};
  spec.balance = true;
  const PreparedSplit s = prepare_split(read_csv(path), spec);
  EXPECT_EQ(s.dropped_missing, 582u);
  EXPECT_EQ(s.dropped_balance, 3656u - 2 * 557u);
  EXPECT_EQ(s.train.features.rows, 780u);
  EXPECT_EQ(s.train.features.columns, 9u);
  EXPECT_EQ(s.test.features.rows, 334u);
  EXPECT_EQ(std::count(s.test.target.begin(), s.test.target.end(), 1.0), 167);
  expect_clean(s.train);
  expect_clean(s.test);
}

TEST(RealData, ChdAllColumns) {
  const auto path = data_file("framingham.csv");
  SKIP_WITHOUT(path);
  PreparationSpec spec = chd_spec();
  spec.test_fraction = 0;
  const PreparedSplit s = prepare_split(read_csv(path), spec);
  EXPECT_EQ(s.train.features.rows, 3656u);
  EXPECT_EQ(s.train.features.columns, 15u);
  EXPECT_EQ(std::count(s.train.target.begin(), s.train.target.end(), 1.0), 557);
  expect_clean(s.train);
}

TEST(RealData, Salary) {
  const auto path = data_file("employee_salary.csv");
  SKIP_WITHOUT(path);
  PreparationSpec spec;
  spec.target = "salary";
  spec.task = Task::kRegression;
  const PreparedSplit s = prepare_split(read_csv(path), spec);
  EXPECT_EQ(s.train.features.rows, 700u);
  EXPECT_EQ(s.train.features.columns, 4u);
  EXPECT_EQ(s.test.features.rows, 300u);
  expect_clean(s.train);
  expect_clean(s.test);
}

}  // namespace
}  // namespace cloister::data
