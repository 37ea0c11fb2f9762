#include "cloister/ml/training_layout.h"

#include <string>
#include <utility>

namespace cloister::ml {

ckks::RotationBasis rotation_basis(const RowPacking& packing, bool small) {
  const std::int64_t factor = small ? 4 : 2;
  const auto width = static_cast<std::int64_t>(packing.width),
             slots = static_cast<std::int64_t>(packing.slots);
  std::vector<std::int64_t> steps;
  for (std::int64_t step = 1; step < width; step *= factor) {
    steps.push_back(step);
    steps.push_back(-step);
  }
  for (std::int64_t step = width; step < slots; step *= factor) steps.push_back(step);
  return ckks::RotationBasis(std::move(steps));
}

void check_blocks(const BlockSource& blocks, const TrainingLayout& layout) {
  const std::size_t due = layout.packing.ciphertexts(layout.rows);
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
