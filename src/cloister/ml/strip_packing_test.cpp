#include "cloister/ml/strip_packing.h"

#include <gtest/gtest.h>

#include "cloister/base/error.h"

namespace cloister::ml {
namespace {

constexpr std::size_t kSlots = 32, kColumns = 7, kRows = 45;

data::Matrix numbered_rows() {
  data::Matrix out(kRows, kColumns);
  for (std::size_t i = 0; i < out.values.size(); ++i) out.values[i] = static_cast<double>(i + 1);
  return out;
}

// Slot i is slot i + k of what is rotated, cyclic; k of any sign.
std::vector<double> rotated(const std::vector<double>& a, std::ptrdiff_t k) {
  const auto n = static_cast<std::ptrdiff_t>(a.size());
  std::vector<double> out(a.size());
  for (std::ptrdiff_t i = 0; i < n; ++i)
    out[static_cast<std::size_t>(i)] = a[static_cast<std::size_t>(((i + k) % n + n) % n)];
  return out;
}

class Strips : public ::testing::TestWithParam<std::size_t> {
 protected:
  StripPacking packing = StripPacking::create(kSlots, kColumns, GetParam());
  data::Matrix rows = numbered_rows();
};

TEST_P(Strips, HoldEveryValueOnceAndZerosBesides) {
  EXPECT_EQ(packing.strips() * packing.row_slots, 8u);
  EXPECT_EQ(packing.blocks(kRows), (kRows * GetParam() + kSlots - 1) / kSlots);
  std::vector<int> seen(rows.values.size() + 1, 0);
  for (std::size_t b = 0; b < packing.blocks(kRows); ++b)
    for (std::size_t j = 0; j < packing.strips(); ++j)
      for (const double v : packing.pack(rows, b, j)) ++seen[static_cast<std::size_t>(v)];
  for (std::size_t v = 1; v < seen.size(); ++v) EXPECT_EQ(seen[v], 1) << v;
  EXPECT_EQ(static_cast<std::size_t>(seen[0]), packing.ciphertexts(kRows) * kSlots - kRows * kColumns);
}

// The sum over a row's slots of the strips times the weights that meet them is the row's product with them.
TEST_P(Strips, MeetWeightsThatAreRotated) {
  const std::vector<double> weights{3, -1, 4, 1, -5, 9, 2};
  for (std::size_t b = 0; b < packing.blocks(kRows); ++b) {
    std::vector<double> products(kSlots, 0.0);
    for (std::size_t j = 0; j < packing.strips(); ++j) {
      const auto facing = rotated(packing.tile(weights), static_cast<std::ptrdiff_t>(j * packing.row_slots));
      EXPECT_EQ(facing, packing.tile(weights, j));
      const auto strip = packing.pack(rows, b, j);
      for (std::size_t s = 0; s < kSlots; ++s) products[s] += strip[s] * facing[s];
    }
    const auto mask = packing.row_mask(1);
    for (std::size_t r = 0; r < packing.rows_per_block(); ++r) {
      double got = 0, expected = 0, kept = 0;
      for (std::size_t k = 0; k < packing.row_slots; ++k) {
        got += products[r * packing.row_slots + k];
        kept += mask[r * packing.row_slots + k];
      }
      const std::size_t row = b * packing.rows_per_block() + r;
      for (std::size_t c = 0; c < kColumns && row < kRows; ++c) expected += rows(row, c) * weights[c];
      EXPECT_EQ(got, expected) << row;
      EXPECT_EQ(kept, 1);
      EXPECT_EQ(mask[r * packing.row_slots], 1);
    }
  }
}

// All strips rotated back and added, and the sum over periods: the sum of each column in each of its slots.
TEST_P(Strips, AddUpToTheSumsOfColumns) {
  std::vector<double> sum(kSlots, 0.0);
  for (std::size_t b = 0; b < packing.blocks(kRows); ++b)
    for (std::size_t j = 0; j < packing.strips(); ++j) {
      const auto back =
          rotated(packing.pack(rows, b, j), -static_cast<std::ptrdiff_t>(j * packing.row_slots));
      for (std::size_t s = 0; s < kSlots; ++s) sum[s] += back[s];
    }
  for (std::size_t c = 0; c < packing.width; ++c) {
    double got = 0, expected = 0;
    for (std::size_t p = 0; p < packing.periods(); ++p) got += sum[p * packing.width + c];
    for (std::size_t r = 0; r < kRows && c < kColumns; ++r) expected += rows(r, c);
    EXPECT_EQ(got, expected) << c;
  }
}

INSTANTIATE_TEST_SUITE_P(RowSlots, Strips, ::testing::Values(1u, 2u, 4u, 8u));

TEST(StripPacking, RefusesWhatDoesNotFit) {
  EXPECT_THROW(StripPacking::create(8, 9), ParametersError);
  EXPECT_THROW(StripPacking::create(32, 7, 16), ParametersError);
  EXPECT_THROW(StripPacking::create(32, 7, 3), ParametersError);
  EXPECT_THROW(StripPacking::create(32, 7, 0), ParametersError);
  EXPECT_EQ(StripPacking::create(32, 8), StripPacking::create(32, 8, 8));
}

}  // namespace
}  // namespace cloister::ml
