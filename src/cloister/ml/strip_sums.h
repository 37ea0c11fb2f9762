#pragma once

#include <vector>

#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/rotations.h"
#include "cloister/ml/training_layout.h"

namespace cloister::ml {

/// The sums that training and prediction make of rows in strips (StripPacking). Borrows everything.
class StripSums {
 public:
  StripSums(const StripPacking& packing, const ckks::Evaluator& evaluator, const ckks::Rotations& rotations)
      : packing_(&packing), evaluator_(&evaluator), rotations_(&rotations) {}

  /// Weights as they meet each strip: rotated by 0, row_slots, 2 row_slots, ... No level.
  std::vector<ckks::Ciphertext> facing(const ckks::Ciphertext& weights) const;
  /// The strips times the weights that meet them, added over strips: the row_slots slots of a row add up to
  /// its product with the weights, times scale_ratio of the rows' level to the weights'. One level; one key
  /// switch for all strips. Strips are loaded at `load_level`, the weights' or above.
  ckks::Ciphertext products(BlockStrips& strips, const std::vector<ckks::Ciphertext>& facing,
                            int load_level) const;
  /// The strips' columns, each added up over all rows, in every slot of its column: strips rotated back and
  /// added one by one, then the sum over periods. No level; a key switch for every strip but one, and those
  /// of sum_slots. Takes sums of products, too, that wait for relinearization: one level then, and a key
  /// switch for every strip more.
  ckks::Ciphertext columns(std::vector<ckks::Ciphertext> strips) const;
  /// The sum over a row's slots, in the row's first; partial sums in the others. No level.
  ckks::Ciphertext within_rows(const ckks::Ciphertext& products) const;
  /// What stands in a row's first slot, in all of them, where the others are zero. No level.
  ckks::Ciphertext spread(const ckks::Ciphertext& firsts) const;

 private:
  const StripPacking* packing_;
  const ckks::Evaluator* evaluator_;
  const ckks::Rotations* rotations_;
};

}  // namespace cloister::ml
