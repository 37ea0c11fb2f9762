#pragma once

#include <cassert>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace cloister {

/// Blocks of memory that are handed out again after use. Fresh memory of polynomials' size is mapped, zeroed
/// and faulted in page by page, which costs more than most operations on it. Blocks of a megabyte and more
/// lie on huge pages where the system has them. Safe to call from many threads.
///
/// Blocks are not wiped: for values whose memory may be freed unwiped too; secrets have SecretBuffer.
class MemoryPool {
 public:
  /// Keeps at most `max_idle_bytes` of what nobody uses; the oldest beyond that goes back to the system.
  explicit MemoryPool(std::size_t max_idle_bytes) : max_idle_bytes_(max_idle_bytes) {}
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  struct Block {
    void* data = nullptr;
    std::size_t bytes = 0;  ///< at least what was asked for
  };
  /// At a cache line's start, contents unspecified. The block returned last that is not a quarter too large,
  /// else a new one. Throws ResourceError when there is no memory.
  Block acquire(std::size_t least_bytes);
  void release(Block block) noexcept;

  std::size_t idle_bytes() const;

 private:
  const std::size_t max_idle_bytes_;
  mutable std::mutex mutex_;
  std::vector<Block> idle_;  // in the order of their return
  std::size_t idle_bytes_ = 0;
};

/// A fixed-size, move-only array of trivial values: in a block of a pool, or borrowed, read-only, where
/// somebody else keeps it (a mapped file). What the memory belongs to is kept alive.
template <typename T>
class PooledBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  PooledBuffer() = default;
  /// Contents unspecified.
  PooledBuffer(std::shared_ptr<MemoryPool> pool, std::size_t size)
      : pool_(pool.get()), owner_(std::move(pool)), block_(pool_->acquire(size * sizeof(T))), size_(size) {}
  /// Values that live as long as `owner`. Only const members may be used of it.
  static PooledBuffer borrowed(std::shared_ptr<const void> owner, std::span<const T> values) {
    PooledBuffer out;
    out.owner_ = std::move(owner);
    out.block_ = {const_cast<T*>(values.data()), values.size_bytes()};
    out.size_ = values.size();
    return out;
  }
  PooledBuffer(PooledBuffer&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)),
        owner_(std::move(other.owner_)),
        block_(std::exchange(other.block_, {})),
        size_(std::exchange(other.size_, 0)) {}
  PooledBuffer& operator=(PooledBuffer&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(owner_, other.owner_);
    std::swap(block_, other.block_);
    std::swap(size_, other.size_);
    return *this;
  }
  PooledBuffer(const PooledBuffer&) = delete;
  PooledBuffer& operator=(const PooledBuffer&) = delete;
  ~PooledBuffer() {
    if (pool_ != nullptr) pool_->release(block_);
  }

  std::size_t size() const noexcept { return size_; }
  bool is_borrowed() const noexcept { return pool_ == nullptr && block_.data != nullptr; }
  T* data() noexcept {
    assert(!is_borrowed());
    return static_cast<T*>(block_.data);
  }
  const T* data() const noexcept { return static_cast<const T*>(block_.data); }

 private:
  MemoryPool* pool_ = nullptr;  // null where the memory is borrowed
  std::shared_ptr<const void> owner_;
  MemoryPool::Block block_;
  std::size_t size_ = 0;
};

}  // namespace cloister
