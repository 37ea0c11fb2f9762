#include "cloister/ml/strip_sums.h"

#include <optional>
#include <utility>

namespace cloister::ml {

std::vector<ckks::Ciphertext> StripSums::facing(const ckks::Ciphertext& weights) const {
  return rotations_->rotate_multiples(weights, static_cast<std::int64_t>(packing_->row_slots),
                                      static_cast<std::int64_t>(packing_->strips()));
}

ckks::Ciphertext StripSums::products(BlockStrips& strips, const std::vector<ckks::Ciphertext>& facing,
                                     int load_level) const {
  std::optional<ckks::Ciphertext> sum;
  for (std::size_t j = 0; j < strips.size(); ++j)
    evaluator_->add_product(sum, strips.strip(j, load_level), facing[j]);
  return evaluator_->finish(std::move(*sum));
}

ckks::Ciphertext StripSums::columns(std::vector<ckks::Ciphertext> strips) const {
  const auto finished = [&](ckks::Ciphertext& c) {
    return c.parts.size() == 2 ? std::move(c) : evaluator_->finish(std::move(c));
  };
  auto sum = finished(strips.back());
  for (strips.pop_back(); !strips.empty(); strips.pop_back()) {
    // Horner's rule: a strip that is j places from the first is rotated back j times.
    sum = rotations_->rotate(sum, -static_cast<std::int64_t>(packing_->row_slots));
    evaluator_->add_to(sum, finished(strips.back()));
  }
  return rotations_->sum_slots(sum, static_cast<std::int64_t>(packing_->width),
                               static_cast<std::int64_t>(packing_->periods()));
}

ckks::Ciphertext StripSums::within_rows(const ckks::Ciphertext& products) const {
  return rotations_->sum_slots(products, 1, static_cast<std::int64_t>(packing_->row_slots));
}

ckks::Ciphertext StripSums::spread(const ckks::Ciphertext& firsts) const {
  return rotations_->sum_slots(firsts, -1, static_cast<std::int64_t>(packing_->row_slots));
}

}  // namespace cloister::ml
