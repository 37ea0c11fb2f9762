#include "apps/cloister/terminal/interrupt.h"

#include <atomic>

#include "cloister/base/error.h"

namespace cloister::app {
namespace {

// The one exception to "no mutable globals": a signal handler is given nothing but the signal's number.
std::atomic<bool> interrupt_requested{false};
std::atomic<bool> guard_exists{false};
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void remember_interrupt(int) { interrupt_requested.store(true); }

}  // namespace

InterruptGuard::InterruptGuard() {
  if (guard_exists.exchange(true)) throw InternalError("two interrupt guards at once");
  interrupt_requested.store(false);
  struct sigaction action {};
  action.sa_handler = remember_interrupt;
  // SA_RESETHAND: the second signal takes its default action. SA_RESTART: no read or write fails half-way.
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, &old_interrupt_);
  ::sigaction(SIGTERM, &action, &old_terminate_);
}

InterruptGuard::~InterruptGuard() {
  ::sigaction(SIGINT, &old_interrupt_, nullptr);
  ::sigaction(SIGTERM, &old_terminate_, nullptr);
  guard_exists.store(false);
}

bool InterruptGuard::requested() const noexcept { return interrupt_requested.load(); }

}  // namespace cloister::app
