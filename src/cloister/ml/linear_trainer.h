#pragma once

#include <vector>

#include "cloister/base/progress.h"
#include "cloister/ckks/encoder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/rotations.h"
#include "cloister/ml/schedule.h"
#include "cloister/ml/training_layout.h"

namespace cloister::ml {

/// Trains a linear or ridge regression on encrypted rows (x_i, y_i), without any secret and without a
/// division: the matrix of second moments once, then LinearSchedule's Chebyshev iteration on it.
///
/// With width f and Z = [x | y], the diagonals D_k[j] = sum_i z_i[j] z_i[(j + k) mod f] / n come from
/// products of the rows with themselves, rotated inside each row (a rotation each way and two masks), and
/// sums over rows. Rows of D that do not belong to a feature are masked away. Then D (x, -1 at y) = A x - b,
/// at one level a product, as a sum over k of D_k times the weights rotated by k: the weights repeat with
/// period f, so a rotation of all slots rotates them, and no mask is needed. Source: Halevi, Shoup, 2014
/// (diagonals); ours: encrypted diagonals from one packing, the target as a column of the matrix, the
/// iteration's constants on the way down of D_k.
class LinearTrainer {
 public:
  /// Borrows everything.
  LinearTrainer(const LinearSchedule& schedule, const TrainingLayout& layout,
                const ckks::Evaluator& evaluator, const ckks::Encoder& encoder);

  /// The weights x_T, state_scale times, in every row of the packing. Blocks hold (x_i, y_i), the target in
  /// column `features`, whole in one strip, at level levels(T) + model_level.
  ckks::Ciphertext train(const BlockSource& blocks, Progress& progress) const;

  /// Levels of a whole training: row masks, products, the matrix's mask, the first vector, T products.
  static int levels(int iterations) { return 4 + iterations; }

 private:
  std::vector<ckks::Ciphertext> diagonals(const BlockSource& blocks, Progress& progress) const;
  ckks::Ciphertext rotate_in_rows(const ckks::Ciphertext& rows, std::int64_t k) const;
  ckks::Ciphertext first_vector(const std::vector<ckks::Ciphertext>& diagonals) const;
  ckks::Ciphertext product(const std::vector<ckks::Ciphertext>& diagonals, const ckks::Ciphertext& x,
                           double factor) const;

  const LinearSchedule* schedule_;
  const TrainingLayout* layout_;
  const ckks::Evaluator* evaluator_;
  const ckks::Encoder* encoder_;
  ckks::Rotations rotations_;
};

}  // namespace cloister::ml
