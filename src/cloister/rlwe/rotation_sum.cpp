#include "cloister/rlwe/rotation_sum.h"

#include <algorithm>

namespace cloister::rlwe {

LimbRotationSum::LimbRotationSum(const Decomposition& digits, const std::vector<const GaloisKey*>& keys,
                                 std::size_t i)
    : degree_(digits.ring()->degree()) {
  for (const GaloisKey* key : keys) rotations_.emplace_back(digits, *key, i);
}

void LimbRotationSum::enter(std::size_t part, std::uint64_t* scratch) noexcept {
  const std::size_t size = part_size();
  std::uint64_t *const b = scratch + 2 * degree_, *const a = b + size;
  for (std::size_t k = 0; k < rotations_.size(); ++k) {
    rotations_[k].enter(part, scratch);
    if (k == 0)
      rotations_[k](0, size, b, a);
    else
      rotations_[k].add_to(0, size, b, a);
  }
  sums_ = b;
}

void LimbRotationSum::operator()(std::size_t start, std::size_t count, std::uint64_t* b,
                                 std::uint64_t* a) const noexcept {
  std::copy_n(sums_ + start, count, b);
  std::copy_n(sums_ + part_size() + start, count, a);
}

}  // namespace cloister::rlwe
