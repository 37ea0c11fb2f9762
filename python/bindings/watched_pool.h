#pragma once

#include <atomic>
#include <cstddef>
#include <thread>
#include <utility>

#include "bindings/progress.h"
#include "cloister/base/thread_pool.h"

namespace cloister::python {

/// A thread pool whose loops can be watched from Python, by a callable of (stage, done, total, note) or None.
/// Made and destroyed with the GIL.
class WatchedPool {
 public:
  WatchedPool(int threads, nanobind::object progress) : pool_(threads), progress_(std::move(progress)) {}

  /// For loops that are not watched.
  const ThreadPool& pool() const noexcept { return pool_; }
  const nanobind::object& progress() const noexcept { return progress_; }

  /// ThreadPool::parallel_for, of a call that has released the GIL. Where it takes longer than a moment, the
  /// calling thread hears Ctrl-C and tells how many of the "ciphertexts" are done between two bodies; what
  /// either raises ends the loop. So a body takes less than a second.
  template <typename Body>
  void parallel_for(std::size_t count, const Body& body) const {
    PythonProgress progress(progress_, PythonProgress::Clock::now());
    const auto caller = std::this_thread::get_id();
    std::atomic<std::size_t> done = 0;
    pool_.parallel_for(count, [&](std::size_t i) {
      if (std::this_thread::get_id() == caller) progress.update(kStage, done, count);
      body(i);
      ++done;
    });
    if (progress.told()) progress.update(kStage, count, count);
  }

 private:
  static constexpr const char* kStage = "ciphertexts";

  ThreadPool pool_;
  nanobind::object progress_;
};

}  // namespace cloister::python
