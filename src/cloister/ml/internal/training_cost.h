#pragma once

#include "cloister/ml/internal/operation_counter.h"
#include "cloister/ml/plan.h"

namespace cloister::ml {

/// LogisticGradient::sum_of_rows of so many blocks.
void count_sum_of_rows(OperationCounter& counter, const Sums& sums, int data_level, double blocks);

/// LogisticGradient::gradient at weights of a level, and what iterations add to it.
void count_gradient(OperationCounter& counter, const CkksPlan& ckks, const Sums& sums, int degree, int level,
                    double blocks);

/// What MomentMatrix does, at the level of the operands.
class MomentCosts {
 public:
  explicit MomentCosts(const CkksPlan& ckks);

  void count_rows(OperationCounter& counter, int level, double blocks) const;  ///< rotated inside themselves
  void count_sums(OperationCounter& counter, const Sums& sums, int level) const;
  void count_mask(OperationCounter& counter, int level) const { counter.rescale(level, width_); }
  void count_product(OperationCounter& counter, int level) const;

 private:
  double width_, half_;
  double both_ways_ = 0, backward_ = 0;  // key switches of rotations
  RotationMultiples turned_;             // of a vector that meets the diagonals
};

}  // namespace cloister::ml
