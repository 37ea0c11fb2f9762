#include "apps/cloister/terminal/rate_estimator.h"

#include <algorithm>
#include <cmath>

namespace cloister::app {

void RateEstimator::observe(double seconds, std::uint64_t done) {
  if (!started_ || done < last_done_) {
    *this = RateEstimator(window_seconds_);
    started_ = true;
    last_seconds_ = seconds;
    last_done_ = done;
    return;
  }
  const double passed = std::max(0.0, seconds - last_seconds_);
  if (done == last_done_) return;  // the time counts towards the next unit
  const double keep = std::exp(-passed / window_seconds_);
  weighted_units_ = weighted_units_ * keep + static_cast<double>(done - last_done_);
  weighted_seconds_ = weighted_seconds_ * keep + passed;
  last_seconds_ = std::max(last_seconds_, seconds);
  last_done_ = done;
}

std::optional<double> RateEstimator::seconds_left(std::uint64_t total) const {
  if (weighted_units_ <= 0 || weighted_seconds_ <= 0) return std::nullopt;
  const std::uint64_t left = total > last_done_ ? total - last_done_ : 0;
  return static_cast<double>(left) * weighted_seconds_ / weighted_units_;
}

}  // namespace cloister::app
