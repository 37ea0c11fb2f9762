#pragma once

#include "cloister/base/progress.h"
#include "cloister/ckks/encoder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/rotations.h"
#include "cloister/ml/moment_matrix.h"
#include "cloister/ml/schedule.h"
#include "cloister/ml/training_layout.h"

namespace cloister::ml {

/// Trains a linear or ridge regression on encrypted rows (x_i, y_i), without any secret and without a
/// division: the matrix of second moments once, then LinearSchedule's Chebyshev iteration on it.
///
/// Of D for Z = [x | y] (MomentMatrix) the rows of the features are kept; then D (x, -1 at y) = A x - b, at
/// one level a product. Ours: the target as a column of the matrix, the iteration's constants on the way down
/// of its diagonals.
class LinearTrainer {
 public:
  /// Borrows everything.
  LinearTrainer(const LinearSchedule& schedule, const TrainingLayout& layout,
                const ckks::Evaluator& evaluator, const ckks::Encoder& encoder);

  /// The weights x_T, state_scale times, in every row of the packing. Blocks hold (x_i, y_i), the target in
  /// column `features`, whole in one strip, at level levels(T) + model_level.
  ckks::Ciphertext train(const BlockSource& blocks, Progress& progress) const;

  /// Levels of a whole training: the matrix, the first vector, T products.
  static int levels(int iterations) { return MomentMatrix::kLevels + 1 + iterations; }

 private:
  ckks::Ciphertext gradient(const MomentMatrix& moments, const ckks::Ciphertext& x, double factor) const;

  const LinearSchedule* schedule_;
  const TrainingLayout* layout_;
  const ckks::Evaluator* evaluator_;
  const ckks::Encoder* encoder_;
  ckks::Rotations rotations_;
};

}  // namespace cloister::ml
