#include "cloister/base/memory_pool.h"

#include <algorithm>

#include "cloister/base/memory.h"

namespace cloister {
namespace {

// Blocks come in as few sizes as the system's pages allow.
std::size_t rounded(std::size_t bytes) {
  const std::size_t unit = bytes >= kHugePageBytes / 2 ? kHugePageBytes : 64;
  return bytes / unit * unit + (bytes % unit != 0 ? unit : 0);
}

}  // namespace

MemoryPool::~MemoryPool() {
  for (const Block& block : idle_) free_aligned(block.data);
}

MemoryPool::Block MemoryPool::acquire(std::size_t least_bytes) {
  const std::size_t bytes = rounded(least_bytes);
  {
    const std::lock_guard lock(mutex_);
    // The newest first: what was used last is nearest in the caches.
    const auto fits = [&](const Block& block) {
      return block.bytes >= bytes && block.bytes - bytes <= bytes / 4;
    };
    const auto newest = std::find_if(idle_.rbegin(), idle_.rend(), fits);
    if (newest != idle_.rend()) {
      const Block block = *newest;
      idle_.erase(std::next(newest).base());
      idle_bytes_ -= block.bytes;
      return block;
    }
  }
  return {allocate_aligned(bytes), bytes};
}

void MemoryPool::release(Block block) noexcept {
  const std::lock_guard lock(mutex_);
  while (!idle_.empty() && idle_bytes_ + block.bytes > max_idle_bytes_) {
    idle_bytes_ -= idle_.front().bytes;
    free_aligned(idle_.front().data);
    idle_.erase(idle_.begin());
  }
  if (block.bytes > max_idle_bytes_) return free_aligned(block.data);
  try {
    idle_.push_back(block);
    idle_bytes_ += block.bytes;
  } catch (...) {
    free_aligned(block.data);
  }
}

std::size_t MemoryPool::idle_bytes() const {
  const std::lock_guard lock(mutex_);
  return idle_bytes_;
}

}  // namespace cloister
