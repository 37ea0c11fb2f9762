#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

namespace cloister {

/// Overwrites memory in a way the compiler does not remove.
void wipe(void* data, std::size_t bytes) noexcept;

/// Pins pages in memory where the system's limit allows it, so that a secret is not swapped out.
/// Best effort: a refusal is not an error.
void lock_memory(const void* data, std::size_t bytes) noexcept;
void unlock_memory(const void* data, std::size_t bytes) noexcept;

/// What the system maps at once where it can.
inline constexpr std::size_t kHugePageBytes = std::size_t{1} << 21;

/// Uninitialized storage at a cache line's start, on huge pages where it fills half of one. Throws
/// ResourceError when there is none.
void* allocate_aligned(std::size_t bytes);
void free_aligned(void* data) noexcept;

enum class Secrecy { kPublic, kSecret };

/// A fixed-size, move-only array of trivial values at a cache line's start. With Secrecy::kSecret its
/// memory is locked while it lives and wiped before it is freed.
template <typename T, Secrecy kSecrecy = Secrecy::kPublic>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;

  /// An array of `size` zeros.
  explicit Buffer(std::size_t size) : Buffer(size, Uninitialized{}) {
    if (size != 0) std::memset(static_cast<void*>(data_), 0, size * sizeof(T));
  }

  static Buffer uninitialized(std::size_t size) { return Buffer(size, Uninitialized{}); }

  static Buffer copy_of(std::span<const T> values) {
    Buffer out(values.size(), Uninitialized{});
    if (!values.empty()) std::memcpy(static_cast<void*>(out.data_), values.data(), values.size_bytes());
    return out;
  }

  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    if (this != &other) {
      release();
      data_ = std::exchange(other.data_, nullptr);
      size_ = std::exchange(other.size_, 0);
    }
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { release(); }

  Buffer clone() const { return copy_of(span()); }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  T* data() noexcept { return data_; }
  const T* data() const noexcept { return data_; }
  T& operator[](std::size_t i) noexcept { return data_[i]; }
  const T& operator[](std::size_t i) const noexcept { return data_[i]; }
  std::span<T> span() noexcept { return {data_, size_}; }
  std::span<const T> span() const noexcept { return {data_, size_}; }
  T* begin() noexcept { return data_; }
  T* end() noexcept { return data_ + size_; }
  const T* begin() const noexcept { return data_; }
  const T* end() const noexcept { return data_ + size_; }

 private:
  struct Uninitialized {};
  Buffer(std::size_t size, Uninitialized) : size_(size) {
    if (size == 0) return;
    data_ = static_cast<T*>(allocate_aligned(size * sizeof(T)));
    if constexpr (kSecrecy == Secrecy::kSecret) lock_memory(data_, size * sizeof(T));
  }
  void release() noexcept {
    if (data_ == nullptr) return;
    if constexpr (kSecrecy == Secrecy::kSecret) {
      wipe(data_, size_ * sizeof(T));
      unlock_memory(data_, size_ * sizeof(T));
    }
    free_aligned(data_);
    data_ = nullptr;
    size_ = 0;
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
};

template <typename T>
using SecretBuffer = Buffer<T, Secrecy::kSecret>;

}  // namespace cloister
