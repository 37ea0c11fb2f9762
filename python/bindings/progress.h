#pragma once

#include <nanobind/nanobind.h>

#include <chrono>
#include <string>

#include "cloister/base/progress.h"

namespace cloister::python {

/// Of a call that has released the GIL: passes progress on to a Python callable of (stage, done, total,
/// note), or to none, and lets Ctrl-C and whatever the callable raises stop the call. Ten times a second at
/// most, besides what ends a stage. The callable is the caller's, and outlives this.
class PythonProgress final : public Progress {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kInterval{100};

  /// Silent for an interval after `start`.
  explicit PythonProgress(nanobind::handle callback, Clock::time_point start = {})
      : callback_(callback), last_(start) {}

  void update(std::string_view stage, std::uint64_t done, std::uint64_t total) override {
    const auto now = Clock::now();
    if (done < total && now - last_ < kInterval) return;
    last_ = now;
    told_ = true;
    const nanobind::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() != 0) throw nanobind::python_error();
    if (!callback_.is_none())
      callback_(nanobind::str(stage.data(), stage.size()), done, total, nanobind::str(note_.c_str()));
  }
  void note(std::string_view text) override { note_ = text; }
  /// Whether anything was passed on.
  bool told() const noexcept { return told_; }

 private:
  nanobind::handle callback_;
  std::string note_;
  Clock::time_point last_;
  bool told_ = false;
};

}  // namespace cloister::python
