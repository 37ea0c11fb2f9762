#pragma once

#include <nanobind/nanobind.h>

#include <chrono>
#include <string>

#include "cloister/base/progress.h"

namespace cloister::python {

/// Of a call that has released the GIL: passes progress on to a Python callable of (stage, done, total,
/// note), or to none, and lets Ctrl-C and whatever the callable raises stop the call. Ten times a second at
/// most, besides what ends a stage.
class PythonProgress final : public Progress {
 public:
  explicit PythonProgress(nanobind::object callback) : callback_(std::move(callback)) {}

  void update(std::string_view stage, std::uint64_t done, std::uint64_t total) override {
    const auto now = std::chrono::steady_clock::now();
    if (done < total && now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    const nanobind::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() != 0) throw nanobind::python_error();
    if (!callback_.is_none()) callback_(std::string(stage), done, total, note_);
  }
  void note(std::string_view text) override { note_ = text; }

 private:
  nanobind::object callback_;
  std::string note_;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace cloister::python
