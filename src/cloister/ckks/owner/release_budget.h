#pragma once

#include <cstdint>

namespace cloister::ckks {

/// How many results of one secret key may be passed on, and how many have been: the noise of each is sized
/// for all of them together. The counts are for the owner's folder to keep; restore() takes them back.
class ReleaseBudget {
 public:
  static constexpr int kMinStatisticalBits = 30;
  static constexpr int kMaxStatisticalBits = 60;
  static constexpr std::uint32_t kMaxReleases = 1u << 20;

  /// Throws SecurityError for fewer than 30 statistical bits, ParametersError for values above the limits
  /// or no release at all.
  ReleaseBudget(std::uint32_t allowed, int statistical_bits);
  /// From stored counts. Also throws ParametersError where more are used than allowed.
  static ReleaseBudget restore(std::uint32_t allowed, std::uint32_t used, int statistical_bits);

  std::uint32_t allowed() const noexcept { return allowed_; }
  std::uint32_t used() const noexcept { return used_; }
  std::uint32_t left() const noexcept { return allowed_ - used_; }
  int statistical_bits() const noexcept { return statistical_bits_; }

  /// Counts one release. Throws SecurityError where none is left; never goes down.
  void charge();

 private:
  std::uint32_t allowed_;
  std::uint32_t used_ = 0;
  int statistical_bits_;
};

}  // namespace cloister::ckks
