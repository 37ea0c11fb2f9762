#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "apps/cloister/terminal/interrupt.h"
#include "apps/cloister/terminal/rate_estimator.h"
#include "apps/cloister/terminal/terminal.h"
#include "cloister/base/progress.h"

namespace cloister::app {

/// Where and how a ProgressBar shows; the outside world as arguments.
struct ProgressBarSettings {
  TerminalTraits traits;                        ///< no bar unless interactive
  bool verbose = false;                         ///< one lasting line for each finished stage
  std::function<void(std::string_view)> write;  ///< shows bytes at once
  std::function<int()> columns;                 ///< the terminal's width, asked at each redraw
  std::function<std::chrono::steady_clock::time_point()> clock;  ///< the time
  const InterruptGuard* interrupt = nullptr;                     ///< asked at each update, where given

  /// The process's standard error and clock.
  static ProgressBarSettings standard_error(bool verbose, const InterruptGuard* interrupt);
};

/// One line that shows the stage, how far it is, the time it has taken and the time left, redrawn at most
/// ten times a second and cleared at the end. Shows nothing where the output is no terminal, except, if
/// verbose, a line for each stage that has ended. For one thread.
class ProgressBar final : public Progress {
 public:
  explicit ProgressBar(ProgressBarSettings settings);
  /// Takes the bar off the screen; a stage that had not reached its end is not reported as finished.
  ~ProgressBar() override;
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Errors: Error with kCancelled once the user has asked to stop.
  void update(std::string_view stage, std::uint64_t done, std::uint64_t total) override;

  void note(std::string_view where) override { note_ = where; }

  /// Ends the current stage and takes the bar off the screen. Call it before printing anything else.
  void finish();

 private:
  void begin_stage(std::string_view stage, double now);
  void draw(double now);
  void clear();
  std::string line(double now, std::size_t columns) const;
  double seconds_now() const;

  ProgressBarSettings settings_;
  std::string stage_, note_;
  std::uint64_t done_ = 0, total_ = 0;
  double stage_start_ = 0, last_seen_ = 0, last_drawn_ = 0;
  RateEstimator rate_;
  bool on_screen_ = false;
};

}  // namespace cloister::app
