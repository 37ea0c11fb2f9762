#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cloister/rlwe/decomposition.h"
#include "cloister/rlwe/keys.h"

namespace cloister::rlwe {

/// One limb of a sum of rotations of one polynomial, before the division by P that they share: for each key
/// the digits' inner product, permuted. The counterpart of LimbProduct for several keys. Borrows everything.
/// Source: Bossuat, Mouchet, Troncoso-Pastoriza, Hubaux 2021 (double hoisting). Ours: an automorphism takes
/// parts of a transform to parts, so that a limb is summed a part at a time.
class LimbRotationSum {
 public:
  /// `digits` hoisted; every key must have as many limbs.
  LimbRotationSum(const Decomposition& digits, const std::vector<const GaloisKey*>& keys, std::size_t i);

  std::size_t scratch_words() const noexcept { return 2 * degree() + 2 * part_size(); }
  void enter(std::size_t part, std::uint64_t* scratch) noexcept;
  void operator()(std::size_t start, std::size_t count, std::uint64_t* b, std::uint64_t* a) const noexcept;

 private:
  std::size_t degree() const noexcept { return ring_->degree(); }
  std::size_t part_size() const noexcept { return degree() / kNttParts; }

  const Ring* ring_;
  const Modulus* modulus_;
  std::vector<LimbProduct> products_;
  std::vector<const std::uint32_t*> maps_;
  const std::uint64_t* sums_ = nullptr;  // [2][N / kNttParts], of the part that was entered
};

}  // namespace cloister::rlwe
