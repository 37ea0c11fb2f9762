#include "cloister/circuits/slots.h"

#include "cloister/circuits/circuits_test_fixture.h"

namespace cloister::circuits {
namespace {

class SlotsTest : public CircuitsTest {};

TEST_F(SlotsTest, MasksHoldOnesWhereTheySay) {
  EXPECT_EQ(mask_first_of_each(3, 8), (std::vector<double>{1, 0, 0, 1, 0, 0, 1, 0}));
  EXPECT_EQ(mask_first_of_each(1, 2), (std::vector<double>{1, 1}));
  EXPECT_EQ(mask_first(2, 4), (std::vector<double>{1, 1, 0, 0}));
  EXPECT_THROW(mask_first_of_each(0, 4), ParametersError);
  EXPECT_THROW(mask_first_of_each(5, 4), ParametersError);
  EXPECT_THROW(mask_first(0, 4), ParametersError);
  EXPECT_THROW(mask_first(5, 4), ParametersError);
}

// Rows of 8: the sum of each row in all of its slots.
TEST_F(SlotsTest, SumMaskReplicateFillsEachRowWithItsSum) {
  constexpr std::int64_t kRow = 8;
  add_rotations({1, 2, 4, -1, -2, -4});
  const ckks::Rotations rotations(evaluator);
  const auto x = random_real(-1, 1);
  std::vector<double> exact(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < kRow; ++j) exact[i] += x[i / kRow * kRow + j];
  const auto sums = rotations.sum_slots(encrypted(x, 2), 1, kRow);
  const auto mask = encoder.encode(mask_first_of_each(kRow, x.size()), 2);
  const auto masked = evaluator.multiply(sums, mask);
  const auto result = replicate(rotations, masked, 1, kRow);
  expect_result(result, exact, 1, 1e-6);
  EXPECT_EQ(result.bound.magnitude, masked.bound.magnitude);
}

}  // namespace
}  // namespace cloister::circuits
