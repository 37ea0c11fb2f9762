#include "cloister/ml/batches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "cloister/base/error.h"

namespace cloister::ml {
namespace {

TEST(BatchOrder, EveryEpochSeesEveryBatchOnce) {
  const std::vector<std::uint32_t> order = batch_order(5 * 12 + 7, 12, 42);
  ASSERT_EQ(order.size(), 67u);
  std::vector<std::uint32_t> all(12);
  std::iota(all.begin(), all.end(), 0u);
  bool shuffled = false;
  for (int epoch = 0; epoch < 5; ++epoch) {
    std::vector<std::uint32_t> seen(order.begin() + 12 * epoch, order.begin() + 12 * (epoch + 1));
    shuffled = shuffled || seen != all;
    EXPECT_TRUE(std::ranges::is_permutation(seen, all));
  }
  EXPECT_TRUE(shuffled);
  std::vector<std::uint32_t> last(order.begin() + 60, order.end());
  std::ranges::sort(last);
  EXPECT_EQ(std::ranges::adjacent_find(last), last.end());
}

TEST(BatchOrder, IsAFunctionOfItsSeed) {
  EXPECT_EQ(batch_order(20, 5, 7), batch_order(20, 5, 7));
  EXPECT_NE(batch_order(20, 5, 7), batch_order(20, 5, 8));
  // A longer training starts as the shorter one does.
  const std::vector<std::uint32_t> shorter = batch_order(8, 5, 7), longer = batch_order(20, 5, 7);
  EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
  EXPECT_EQ(batch_order(3, 1, 9), (std::vector<std::uint32_t>{0, 0, 0}));
  EXPECT_THROW(batch_order(3, 0, 1), ParametersError);
  EXPECT_THROW(batch_order(3, kMaxBatches + 1, 1), ParametersError);
}

TEST(BatchRows, ArePartsOfWholeBlocks) {
  for (const std::size_t rows : {64u, 65u, 97u, 100u})
    for (const std::size_t batches : {1u, 3u, 7u}) {
      std::size_t next = 0, fewest = rows, most = 0;
      for (std::size_t b = 0; b < batches; ++b) {
        const RowRange range = batch_rows(rows, 8, batches, b);
        EXPECT_EQ(range.first, next);
        EXPECT_EQ(range.first % 8, 0u);
        const std::size_t blocks = (range.count() + 7) / 8;
        fewest = std::min(fewest, blocks);
        most = std::max(most, blocks);
        next = range.last;
      }
      EXPECT_EQ(next, rows);
      EXPECT_LE(most - fewest, 1u);
      EXPECT_GE(fewest, 1u);
    }
  EXPECT_THROW(batch_rows(16, 8, 3, 0), ParametersError);
  EXPECT_THROW(batch_rows(16, 8, 2, 2), ParametersError);
  EXPECT_THROW(batch_rows(16, 0, 2, 0), ParametersError);
}

TEST(BatchSpectrum, SortedRowsAreRefused) {
  // Every row has norm 1 in one of two directions: 1/2 each over the table, 1 in a batch of one kind.
  data::Matrix sorted(8, 2), mixed(8, 2);
  for (std::size_t i = 0; i < 8; ++i) {
    sorted(i, i < 4 ? 0 : 1) = 1;
    mixed(i, i % 2) = 1;
  }
  EXPECT_NO_THROW(require_batch_spectrum_cap(sorted, 0.5, 1, 1));
  EXPECT_NO_THROW(require_batch_spectrum_cap(mixed, 0.5, 1, 2));
  try {
    require_batch_spectrum_cap(sorted, 0.5, 1, 2);
    FAIL() << "a batch beyond the cap was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
  }
}

}  // namespace
}  // namespace cloister::ml
