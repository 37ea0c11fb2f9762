#include "cloister/base/memory.h"

#include <openssl/crypto.h>
#include <sys/mman.h>

#include <cstdlib>
#include <limits>

#include "cloister/base/error.h"

namespace cloister {
namespace {
constexpr std::size_t kAlignment = 64;
}

void wipe(void* data, std::size_t bytes) noexcept { OPENSSL_cleanse(data, bytes); }

void lock_memory(const void* data, std::size_t bytes) noexcept { (void)mlock(data, bytes); }
void unlock_memory(const void* data, std::size_t bytes) noexcept { (void)munlock(data, bytes); }

void* allocate_aligned(std::size_t bytes) {
  if (bytes > std::numeric_limits<std::size_t>::max() - kHugePageBytes)
    throw ResourceError("a buffer of " + std::to_string(bytes) + " bytes cannot be allocated");
  const std::size_t alignment = bytes >= kHugePageBytes / 2 ? kHugePageBytes : kAlignment;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* data = std::aligned_alloc(alignment, rounded);
  if (data == nullptr)
    throw ResourceError("out of memory: " + std::to_string(bytes) +
                        " bytes are needed; use a smaller plan or a machine with more memory");
  // A wish: without huge pages the memory is as good, and slower.
  if (alignment == kHugePageBytes) (void)madvise(data, rounded, MADV_HUGEPAGE);
  return data;
}

void free_aligned(void* data) noexcept { std::free(data); }

}  // namespace cloister
