#include "cloister/rlwe/rotation_sum.h"

namespace cloister::rlwe {

LimbRotationSum::LimbRotationSum(const Decomposition& digits, const std::vector<const GaloisKey*>& keys,
                                 std::size_t i) {
  for (const GaloisKey* key : keys) rotations_.emplace_back(digits, *key, i);
}

void LimbRotationSum::enter(std::size_t part, std::uint64_t* scratch) noexcept {
  for (LimbRotation& rotation : rotations_) rotation.enter(part, scratch);
}

void LimbRotationSum::operator()(std::size_t start, std::size_t count, std::uint64_t* b,
                                 std::uint64_t* a) const noexcept {
  rotations_.front()(start, count, b, a);
  for (std::size_t k = 1; k < rotations_.size(); ++k) rotations_[k].add_to(start, count, b, a);
}

}  // namespace cloister::rlwe
