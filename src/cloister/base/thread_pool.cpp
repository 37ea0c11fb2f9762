#include "cloister/base/thread_pool.h"

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <optional>
#include <string>
#include <thread>

#include "cloister/base/error.h"

#if defined(CLOISTER_THREAD_SANITIZER)
#include <sanitizer/tsan_interface.h>
#endif

namespace cloister {
namespace {

// oneTBB's library is not built for the thread sanitizer, and neither is this file, which holds TBB's
// headers; so it cannot see that a loop's bodies happen after its start and before its end. These tell it.
void mark_release([[maybe_unused]] void* token) noexcept {
#if defined(CLOISTER_THREAD_SANITIZER)
  __tsan_release(token);
#endif
}
void mark_acquire([[maybe_unused]] void* token) noexcept {
#if defined(CLOISTER_THREAD_SANITIZER)
  __tsan_acquire(token);
#endif
}

/// The time of one body: it begins where the loop's preparation is seen, and ends, at an exception too, where
/// its own work is shown.
class Ordered {
 public:
  Ordered(void* acquire, void* release) noexcept : release_(release) { mark_acquire(acquire); }
  ~Ordered() { mark_release(release_); }
  Ordered(const Ordered&) = delete;
  Ordered& operator=(const Ordered&) = delete;

 private:
  void* release_;
};

int resolve(int threads) {
  if (threads < 0) throw ParametersError("threads: " + std::to_string(threads) + " is negative");
  if (threads != 0) return threads;
  const unsigned all = std::thread::hardware_concurrency();
  return all == 0 ? 1 : static_cast<int>(all);
}

}  // namespace

struct ThreadPool::Impl {
  explicit Impl(int threads) {
    // More threads than processors must be asked for, or oneTBB quietly gives fewer.
    if (threads > resolve(0))
      more.emplace(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads));
    arena.initialize(threads);
  }
  std::optional<tbb::global_control> more;
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
  try {
    impl_->arena.execute([&] {
      tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
        const Ordered ordered(&start, &done);
        body(i);
      });
    });
  } catch (...) {
    mark_acquire(&done);
    throw;
  }
  mark_acquire(&done);
}

}  // namespace cloister
