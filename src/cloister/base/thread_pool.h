#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace cloister {

/// A handle on a pool of worker threads (oneTBB underneath). It is passed in, never global. Loops may
/// nest; work is handed out so that the answer of a loop never depends on the number of threads.
class ThreadPool {
 public:
  /// `threads` >= 1 counts the calling thread; 0 stands for all of the machine's.
  explicit ThreadPool(int threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const noexcept { return threads_; }

  /// Calls body(i) once for each i in [0, count), in any order, and returns when all are done. The
  /// first exception thrown by a body is rethrown here.
  void parallel_for(std::size_t count, const std::function<void(std::size_t)>& body) const;

 private:
  struct Impl;
  int threads_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cloister
