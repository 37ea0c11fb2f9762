#pragma once

#include <cstdint>
#include <vector>

namespace cloister::ckks {

/// The rotations that have a key, and how to make others of them: fewer keys for more key switches.
class RotationBasis {
 public:
  /// Empty: every rotation must have its own key.
  RotationBasis() = default;
  explicit RotationBasis(std::vector<std::int64_t> steps);

  bool empty() const noexcept { return steps_.empty(); }
  const std::vector<std::int64_t>& steps() const noexcept { return steps_; }

  /// Steps of the basis that add up to `step`, of its sign, largest first. Throws MissingKeyError if there
  /// are none.
  std::vector<std::int64_t> path(std::int64_t step) const;

 private:
  std::vector<std::int64_t> steps_;  // by falling magnitude
};

}  // namespace cloister::ckks
