#pragma once

#include <csignal>

namespace cloister::app {

/// While one lives, Ctrl-C and SIGTERM ask the process to stop instead of ending it: the work in hand
/// notices at its next report of progress, and cleans up. A second one ends the process at once. One at
/// a time: making a second while one lives is an InternalError.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  /// True once the user has asked to stop.
  bool requested() const noexcept;

 private:
  struct sigaction old_interrupt_ {
  }, old_terminate_{};
};

}  // namespace cloister::app
