#include "cloister/ml/predictor.h"

#include <algorithm>

namespace cloister::ml {

ckks::Ciphertext Predictor::sum_and_mask(const ckks::Ciphertext& products, double factor,
                                         const ckks::ValueBound& margin_bound) const {
  const RowPacking& packing = layout_->packing;
  const auto sums = rotations_.sum_slots(products, 1, static_cast<std::int64_t>(packing.width));
  const auto mask = encoder_->encode(packing.column_mask(0, factor / layout_->margin_scale), sums.level());
  // The plan's word on how large margins are, before the level where they must fit is reached.
  auto margins = evaluator_->multiply_lazy(sums, mask);
  margins = ckks::Evaluator::with_bound(std::move(margins), {margin_bound.magnitude / layout_->margin_scale,
                                                             margin_bound.error / layout_->margin_scale});
  return evaluator_->rescale(std::move(margins));
}

ckks::Ciphertext Predictor::predict(const ckks::Ciphertext& rows, const ckks::Ciphertext& model,
                                    const ckks::ValueBound& margin_bound) const {
  return sum_and_mask(evaluator_->multiply(rows, model), 1 / layout_->state_scale, margin_bound);
}

ckks::Ciphertext Predictor::predict(const ckks::Ciphertext& rows, std::span<const double> weights,
                                    const ckks::ValueBound& margin_bound) const {
  const auto tile = encoder_->encode(layout_->packing.tile(weights), rows.level());
  return sum_and_mask(evaluator_->multiply(rows, tile), 1, margin_bound);
}

}  // namespace cloister::ml
