#include "cloister/ml/training_layout.h"

#include <string>
#include <utility>
#include <vector>

#include "cloister/base/error.h"

namespace cloister::ml {

const ckks::Ciphertext& BlockStrips::strip(std::size_t j, int level) {
  if (!last_ || loaded_ != j || last_->level() < level) {
    last_.reset();
    last_ = source_->load(block_, j, level);
    loaded_ = j;
  }
  return *last_;
}

std::string_view to_string(RotationKeys keys) noexcept {
  switch (keys) {
    case RotationKeys::kFew:
      return "few";
    case RotationKeys::kBinary:
      return "binary";
    case RotationKeys::kQuaternary:
      return "quaternary";
  }
  return "unknown";
}

RotationKeys rotation_keys_from(std::string_view name) {
  for (const RotationKeys keys : kRotationKeys)
    if (name == to_string(keys)) return keys;
  throw ParametersError("rotation keys: '" + std::string(name) + "' is none of few, binary, quaternary");
}

ckks::RotationBasis rotation_basis(const StripPacking& packing, RotationKeys keys, bool trains) {
  std::vector<std::int64_t> steps;
  // The sums over slots `from` apart, up to `to`, in radix four as far as that goes.
  const auto add = [&](std::int64_t from, std::int64_t to, std::int64_t sign) {
    for (std::int64_t step = from; step < to; step *= 4) {
      steps.push_back(sign * step);
      if (keys != RotationKeys::kFew && 2 * step < to) steps.push_back(sign * 2 * step);
      if (keys == RotationKeys::kQuaternary && 2 * step < to) steps.push_back(sign * 3 * step);
    }
  };
  const auto width = static_cast<std::int64_t>(packing.width),
             slots = static_cast<std::int64_t>(packing.slots),
             row_slots = static_cast<std::int64_t>(packing.row_slots);
  add(1, row_slots, 1);
  if (trains) {
    add(row_slots, width, 1);
    add(1, row_slots, -1);
    if (row_slots < width) steps.push_back(-row_slots);
    add(width, slots, 1);
  }
  return ckks::RotationBasis(std::move(steps));
}

void check_blocks(const BlockSource& blocks, const TrainingLayout& layout) {
  const std::size_t due = layout.packing.blocks(layout.rows);
  if (blocks.blocks() != due)
    throw MismatchError("the data set has another number of blocks than the plan",
                        std::to_string(blocks.blocks()), std::to_string(due));
}

ckks::Ciphertext settled(ckks::Ciphertext weights, const TrainingLayout& layout) {
  const double s = layout.state_scale;
  return ckks::Evaluator::with_bound(std::move(weights),
                                     {s * layout.weights.magnitude, s * layout.weights.error});
}

void accumulate(const ckks::Evaluator& evaluator, std::optional<ckks::Ciphertext>& sum,
                ckks::Ciphertext term) {
  if (sum)
    evaluator.add_to(*sum, term);
  else
    sum = std::move(term);
}

}  // namespace cloister::ml
