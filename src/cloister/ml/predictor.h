#pragma once

#include <span>

#include "cloister/ckks/encoder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/rotations.h"
#include "cloister/ml/strip_sums.h"

namespace cloister::ml {

/// Predicts on encrypted rows: the margin w . x of each row over margin_scale, in the first slot of the row,
/// zeros elsewhere. The owner applies what follows, a sigmoid or the target's units, in the clear. Two
/// levels. Where a row has several slots, a mask keeps the partial sums in the others from leaving; where it
/// has one, there are none. A block costs a product for each strip, a key switch if the weights are
/// encrypted, and log2(row_slots) rotations.
class Predictor {
 public:
  Predictor(const TrainingLayout& layout, const ckks::Evaluator& evaluator, const ckks::Encoder& encoder)
      : layout_(&layout),
        evaluator_(&evaluator),
        encoder_(&encoder),
        rotations_(evaluator, layout.rotations),
        sums_(layout.packing, evaluator, rotations_) {}

  /// The encrypted weights that training gave, as they meet each strip: once for all blocks.
  std::vector<ckks::Ciphertext> facing(const ckks::Ciphertext& model) const { return sums_.facing(model); }
  /// Clear weights, one a column, likewise: they are rotated before they are encoded, for no key.
  std::vector<ckks::Plaintext> facing(std::span<const double> weights, int level) const;

  /// A block's strips with weights that face them. `margin_bound` is the plan's bound on |w . x| and its
  /// error.
  ckks::Ciphertext predict(BlockStrips& strips, const std::vector<ckks::Ciphertext>& facing,
                           const ckks::ValueBound& margin_bound) const;
  ckks::Ciphertext predict(BlockStrips& strips, const std::vector<ckks::Plaintext>& facing,
                           const ckks::ValueBound& margin_bound) const;

 private:
  ckks::Ciphertext margins(const ckks::Ciphertext& products, double factor,
                           const ckks::ValueBound& margin_bound) const;

  const TrainingLayout* layout_;
  const ckks::Evaluator* evaluator_;
  const ckks::Encoder* encoder_;
  ckks::Rotations rotations_;
  StripSums sums_;
};

}  // namespace cloister::ml
