#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cloister/rlwe/limb_rotation.h"

namespace cloister::rlwe {

/// One limb of a sum of rotations of one polynomial, before the division by P that they share. The
/// counterpart of LimbProduct for several keys. Borrows everything. Source: Bossuat, Mouchet,
/// Troncoso-Pastoriza, Hubaux 2021 (double hoisting).
class LimbRotationSum {
 public:
  /// `digits` hoisted; every key must have as many limbs.
  LimbRotationSum(const Decomposition& digits, const std::vector<const GaloisKey*>& keys, std::size_t i);

  /// None: hoisted digits lie where they are.
  std::size_t scratch_words() const noexcept { return 0; }
  void enter(std::size_t part, std::uint64_t* scratch) noexcept;
  /// As LimbRotation.
  void operator()(std::size_t start, std::size_t count, std::uint64_t* b, std::uint64_t* a) const noexcept;

 private:
  std::vector<LimbRotation> rotations_;
};

}  // namespace cloister::rlwe
