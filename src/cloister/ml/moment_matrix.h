#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cloister/base/progress.h"
#include "cloister/ckks/encoder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/rotations.h"
#include "cloister/ml/training_layout.h"

namespace cloister::ml {

/// The encrypted matrix of second moments of a table, D = sum_i z_i z_i^T / n for its rows z_i, as its
/// diagonals D_k[j] = D[j][(j + k) mod width], repeated through all slots. Rows of D at and above `kept`
/// are zero; columns are all there, so that a column of the table that is not kept may be a target.
///
/// Products of the rows with themselves, rotated inside each row (a rotation each way and two masks), summed
/// over rows, give half of the diagonals; the matrix's symmetry the others. With vectors that repeat with the
/// width's period a rotation of all slots rotates them, so a product with the matrix needs no mask. Made
/// once, and the same to the bit whenever it is made from the same rows.
/// Source: Halevi, Shoup, 2014 (diagonals); ours: encrypted diagonals from one packing.
class MomentMatrix {
 public:
  /// Levels from the rows' to the diagonals': row masks, products, the mask that divides by n.
  static constexpr int kLevels = 3;

  /// From all blocks at `rows_level`, row_scale times the rows. Borrows layout, evaluator, encoder and
  /// rotations. The diagonals are kept `entry_scale` times: the noise of the mask is divided by it, and the
  /// constant that brings a diagonal down has that many times fewer steps. Cost: for each block width / 2
  /// products without relinearization and twice as many rotations in rows; then sums over periods, and width
  /// / 2 rotations. Throws InternalError where a row is not whole in one strip, or where fewer columns than
  /// `kept` are packed.
  MomentMatrix(const BlockSource& blocks, int rows_level, std::size_t kept, const TrainingLayout& layout,
               const ckks::Evaluator& evaluator, const ckks::Encoder& encoder,
               const ckks::Rotations& rotations, Progress& progress, double entry_scale = 1);

  /// Where the diagonals are kept: products need vectors below it.
  int level() const { return diagonals_.front().level(); }

  /// Math: factor D x. Shapes: x repeats with the width's period. One level below x, which must be below
  /// level(). Cost: a rotation of x for every diagonal but one (Rotations::rotate_multiples), a scalar
  /// product and rescaling of each, which bring it down, and one relinearization.
  ckks::Ciphertext product(const ckks::Ciphertext& x, double factor) const;

  /// Math: factor D e_j, column j. One level below level(). No key switch.
  ckks::Ciphertext column(std::size_t j, double factor) const;

 private:
  ckks::Ciphertext rotate_in_rows(const ckks::Ciphertext& rows, std::int64_t k) const;
  std::vector<ckks::Ciphertext> sums(const BlockSource& blocks, int rows_level, Progress& progress) const;

  const TrainingLayout* layout_;
  const ckks::Evaluator* evaluator_;
  const ckks::Encoder* encoder_;
  const ckks::Rotations* rotations_;
  std::size_t kept_;
  double entry_scale_;
  std::vector<ckks::Ciphertext> diagonals_;  // [width]
};

}  // namespace cloister::ml
