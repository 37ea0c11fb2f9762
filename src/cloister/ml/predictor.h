#pragma once

#include <span>

#include "cloister/ckks/encoder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/rotations.h"
#include "cloister/ml/training_layout.h"

namespace cloister::ml {

/// Predicts on encrypted rows: the margin w . x of each row over margin_scale, in the first slot of the row,
/// zeros elsewhere (the mask keeps partial sums of other slots from leaving). The owner applies what follows,
/// a sigmoid or the target's units, in the clear. Two levels; log2(width) rotations, a product and a mask a
/// block.
class Predictor {
 public:
  Predictor(const TrainingLayout& layout, const ckks::Evaluator& evaluator, const ckks::Encoder& encoder)
      : layout_(&layout),
        evaluator_(&evaluator),
        encoder_(&encoder),
        rotations_(evaluator, layout.rotations) {}

  /// With the encrypted weights that training gave. `margin_bound` is the plan's bound on |w . x| and its
  /// error.
  ckks::Ciphertext predict(const ckks::Ciphertext& rows, const ckks::Ciphertext& model,
                           const ckks::ValueBound& margin_bound) const;
  /// With clear weights, one a column.
  ckks::Ciphertext predict(const ckks::Ciphertext& rows, std::span<const double> weights,
                           const ckks::ValueBound& margin_bound) const;

 private:
  ckks::Ciphertext sum_and_mask(const ckks::Ciphertext& products, double factor,
                                const ckks::ValueBound& margin_bound) const;

  const TrainingLayout* layout_;
  const ckks::Evaluator* evaluator_;
  const ckks::Encoder* encoder_;
  ckks::Rotations rotations_;
};

}  // namespace cloister::ml
