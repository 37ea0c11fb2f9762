#include "cloister/data/split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <set>

#include "cloister/base/error.h"
#include "cloister/data/internal/shuffle.h"

namespace cloister::data {
namespace {

// x counts the rows; `positives` of them, spread over the table, are of class 1.
Table two_class_table(std::size_t rows, std::size_t positives) {
  std::vector<double> x(rows), y(rows);
  for (std::size_t r = 0; r < rows; ++r) {
    x[r] = static_cast<double>(r);
    y[r] = (r + 1) * positives / rows > r * positives / rows;
  }
  return Table({Column::numeric("x", x), Column::numeric("y", y)});
}

PreparationSpec spec_xy() {
  PreparationSpec spec;
  spec.target = "y";
  return spec;
}

std::size_t positives_of(const Examples& e) {
  return static_cast<std::size_t>(std::count(e.target.begin(), e.target.end(), 1.0));
}

TEST(Split, BalancedStratifiedSizes) {
  PreparationSpec spec = spec_xy();
  spec.balance = true;
  const PreparedSplit s = prepare_split(two_class_table(3656, 557), spec);
  EXPECT_EQ(s.train.features.rows, 780u);
  EXPECT_EQ(s.test.features.rows, 334u);
  EXPECT_EQ(positives_of(s.train), 390u);
  EXPECT_EQ(positives_of(s.test), 167u);
  EXPECT_EQ(s.dropped_balance, 3656u - 1114u);
  EXPECT_EQ(s.dropped_missing, 0u);
}

TEST(Split, EveryRowIsUsedOnceAndKeepsItsTarget) {
  const Table t = two_class_table(1000, 152);
  const PreparedSplit s = prepare_split(t, spec_xy());
  EXPECT_EQ(positives_of(s.test), 46u);  // round(45.6)
  EXPECT_EQ(s.test.features.rows, 46u + 254u);
  std::set<std::size_t> rows(s.train.source_row.begin(), s.train.source_row.end());
  rows.insert(s.test.source_row.begin(), s.test.source_row.end());
  EXPECT_EQ(rows.size(), 1000u);
  for (const Examples* e : {&s.train, &s.test})
    for (std::size_t i = 0; i < e->features.rows; ++i) {
      EXPECT_EQ(e->target[i], t.column("y").number(e->source_row[i]));
      const Feature& f = s.preparation.features()[0];
      EXPECT_EQ(e->features(i, 0), (static_cast<double>(e->source_row[i]) - f.centre) / f.scale);
    }
}

TEST(Split, FitsOnTrainingRowsAlone) {
  const PreparedSplit s = prepare_split(two_class_table(200, 100), spec_xy());
  const double sum = std::accumulate(s.train.features.values.begin(), s.train.features.values.end(), 0.0);
  EXPECT_NEAR(sum, 0, 140 * 140 * 0x1p-52);
  EXPECT_EQ(s.preparation.training_rows(), 140u);
}

TEST(Split, TheSeedDecides) {
  const Table t = two_class_table(300, 60);
  PreparationSpec spec = spec_xy();
  spec.balance = true;
  const PreparedSplit a = prepare_split(t, spec), b = prepare_split(t, spec);
  EXPECT_EQ(a.train.source_row, b.train.source_row);
  EXPECT_EQ(a.test.source_row, b.test.source_row);
  spec.seed = 2;
  EXPECT_NE(prepare_split(t, spec).train.source_row, a.train.source_row);
}

TEST(Split, RowsLackingValuesGoBeforeBalancing) {
  std::vector<double> x(100), y(100);
  for (std::size_t r = 0; r < 100; ++r) {
    x[r] = r % 10 == 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(r);
    y[r] = r % 5 == 0;
  }
  PreparationSpec spec = spec_xy();
  spec.balance = true;
  spec.test_fraction = 0;
  const PreparedSplit s = prepare_split(Table({Column::numeric("x", x), Column::numeric("y", y)}), spec);
  EXPECT_EQ(s.dropped_missing, 10u);
  EXPECT_EQ(positives_of(s.train), 10u);
  EXPECT_EQ(s.train.features.rows, 20u);
  EXPECT_EQ(s.test.features.rows, 0u);
  EXPECT_EQ(s.test.features.columns, 1u);
}

TEST(Split, RegressionSizes) {
  PreparationSpec spec = spec_xy();
  spec.task = Task::kRegression;
  const PreparedSplit s = prepare_split(two_class_table(1000, 300), spec);
  EXPECT_EQ(s.train.features.rows, 700u);
  EXPECT_EQ(s.test.features.rows, 300u);
}

TEST(Split, ARareClassStaysInTraining) {
  PreparationSpec spec = spec_xy();
  spec.test_fraction = 0.9;
  const PreparedSplit s = prepare_split(two_class_table(100, 1), spec);
  EXPECT_EQ(positives_of(s.train), 1u);
  EXPECT_EQ(s.train.features.rows, 11u);
}

TEST(Split, RefusesOneClassAndTooFewRows) {
  EXPECT_THROW(prepare_split(two_class_table(10, 0), spec_xy()), ParametersError);
  PreparationSpec spec = spec_xy();
  spec.target = "z";
  EXPECT_THROW(prepare_split(two_class_table(10, 5), spec), Error);
  EXPECT_THROW(prepare_split(Table({Column::numeric("x", {}), Column::numeric("y", {})}), spec_xy()),
               ParametersError);
}

TEST(Shuffle, AllOrdersAreEquallyLikely) {
  constexpr std::size_t kDraws = 24000, kOrders = 24;
  Prng prng = internal::seeded_prng(5, "test");
  std::map<std::array<std::size_t, 4>, std::size_t> counts;
  for (std::size_t i = 0; i < kDraws; ++i) {
    std::array<std::size_t, 4> order = {0, 1, 2, 3};
    internal::shuffle(prng, order);
    ++counts[order];
  }
  ASSERT_EQ(counts.size(), kOrders);
  double chi_square = 0;
  for (const auto& [order, count] : counts) {
    const double expected = static_cast<double>(kDraws) / kOrders;
    chi_square +=
        (static_cast<double>(count) - expected) * (static_cast<double>(count) - expected) / expected;
  }
  EXPECT_LT(chi_square, 72);  // 23 degrees of freedom: exceeded with probability 10^-6
}

TEST(Shuffle, PurposesAndSeedsDiffer) {
  EXPECT_EQ(internal::seeded_prng(1, "a").next_u64(), internal::seeded_prng(1, "a").next_u64());
  EXPECT_NE(internal::seeded_prng(1, "a").next_u64(), internal::seeded_prng(1, "b").next_u64());
  EXPECT_NE(internal::seeded_prng(1, "a").next_u64(), internal::seeded_prng(2, "a").next_u64());
}

}  // namespace
}  // namespace cloister::data
