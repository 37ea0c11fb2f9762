#include "cloister/ml/training_layout.h"

namespace cloister::ml {

ckks::RotationBasis rotation_basis(const RowPacking& packing, bool small) {
  const std::int64_t factor = small ? 4 : 2;
  const auto width = static_cast<std::int64_t>(packing.width), slots = static_cast<std::int64_t>(packing.slots);
  std::vector<std::int64_t> steps;
  for (std::int64_t step = 1; step < width; step *= factor) {
    steps.push_back(step);
    steps.push_back(-step);
  }
  for (std::int64_t step = width; step < slots; step *= factor) steps.push_back(step);
  return ckks::RotationBasis(std::move(steps));
}

}  // namespace cloister::ml
