#include "cloister/base/thread_pool.h"

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <string>
#include <thread>

#include "cloister/base/error.h"

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace cloister {
namespace {

// oneTBB's library is not built for the thread sanitizer, which therefore cannot see that a loop's
// bodies happen after its start and before its end. These tell it so.
void mark_release([[maybe_unused]] void* token) {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(token);
#endif
}
void mark_acquire([[maybe_unused]] void* token) {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(token);
#endif
}

int resolve(int threads) {
  if (threads < 0) throw ParametersError("threads: " + std::to_string(threads) + " is negative");
  if (threads != 0) return threads;
  const unsigned all = std::thread::hardware_concurrency();
  return all == 0 ? 1 : static_cast<int>(all);
}

}  // namespace

struct ThreadPool::Impl {
  explicit Impl(int threads) : arena(threads) {}
  tbb::task_arena arena;
};

ThreadPool::ThreadPool(int threads) : threads_(resolve(threads)), impl_(std::make_unique<Impl>(threads_)) {}
ThreadPool::~ThreadPool() = default;

void ThreadPool::parallel_for(std::size_t count, const std::function<void(std::size_t)>& body) const {
  if (threads_ == 1 || count == 1) {
    for (std::size_t i = 0; i < count; ++i) body(i);
    return;
  }
  char start = 0;
  char done = 0;
  mark_release(&start);
  impl_->arena.execute([&] {
    tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
      mark_acquire(&start);
      body(i);
      mark_release(&done);
    });
  });
  mark_acquire(&done);
}

}  // namespace cloister
