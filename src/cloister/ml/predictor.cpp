#include "cloister/ml/predictor.h"

#include <optional>
#include <utility>

namespace cloister::ml {

std::vector<ckks::Plaintext> Predictor::facing(std::span<const double> weights, int level) const {
  std::vector<ckks::Plaintext> out;
  for (std::size_t j = 0; j < layout_->packing.strips(); ++j)
    out.push_back(encoder_->encode(layout_->packing.tile(weights, j), level));
  return out;
}

// `factor` times the products are margins, once a row's slots are added up.
ckks::Ciphertext Predictor::margins(const ckks::Ciphertext& products, double factor,
                                    const ckks::ValueBound& margin_bound) const {
  const double scaled = factor / layout_->margin_scale;
  // The plan's word on how large margins are, before the level where they must fit is reached.
  const auto bound_at = [&](double unit) {
    return ckks::ValueBound{margin_bound.magnitude * unit, margin_bound.error * unit};
  };
  if (layout_->packing.row_slots == 1)
    return evaluator_->scale_to_level(ckks::Evaluator::with_bound(products.clone(), bound_at(1 / factor)),
                                      scaled, products.level() - 1);
  const auto sums = sums_.within_rows(products);
  const auto mask = encoder_->encode(layout_->packing.row_mask(scaled), sums.level());
  return evaluator_->rescale(ckks::Evaluator::with_bound(evaluator_->multiply_lazy(sums, mask),
                                                         bound_at(1 / layout_->margin_scale)));
}

ckks::Ciphertext Predictor::predict(BlockStrips& strips, const std::vector<ckks::Ciphertext>& facing,
                                    const ckks::ValueBound& margin_bound) const {
  const auto products = sums_.products(strips, facing, kPredictionLevels);
  const double ratio = evaluator_->scale_ratio(kPredictionLevels, facing.front().level());
  return margins(products, 1 / (layout_->state_scale * ratio), margin_bound);
}

ckks::Ciphertext Predictor::predict(BlockStrips& strips, const std::vector<ckks::Plaintext>& facing,
                                    const ckks::ValueBound& margin_bound) const {
  std::optional<ckks::Ciphertext> sum;
  for (std::size_t j = 0; j < strips.size(); ++j)
    accumulate(*evaluator_, sum, evaluator_->multiply_lazy(strips.strip(j, kPredictionLevels), facing[j]));
  return margins(evaluator_->rescale(std::move(*sum)), 1, margin_bound);
}

}  // namespace cloister::ml
