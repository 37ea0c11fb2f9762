#pragma once

#include <cstdint>
#include <optional>

namespace cloister::app {

/// Estimates the time left from the recent rate of progress: an exponentially weighted mean over about
/// the last `window_seconds`, so that one slow unit does not throw it and a change of pace shows.
class RateEstimator {
 public:
  explicit RateEstimator(double window_seconds = 15) : window_seconds_(window_seconds) {}

  /// `done` units were finished at `seconds` on any clock that does not run backwards. A `done` below the
  /// last one starts anew.
  void observe(double seconds, std::uint64_t done);

  /// Seconds until `total` are done; none while there is nothing to tell it by.
  std::optional<double> seconds_left(std::uint64_t total) const;

 private:
  double window_seconds_;
  bool started_ = false;
  double last_seconds_ = 0;
  std::uint64_t last_done_ = 0;
  double weighted_units_ = 0;    ///< sum of units, each weighted by e^(-age / window)
  double weighted_seconds_ = 0;  ///< sum of seconds under the same weights
};

}  // namespace cloister::app
