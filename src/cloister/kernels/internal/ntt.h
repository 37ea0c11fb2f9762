#pragma once

#include <bit>

#include "cloister/kernels/internal/arithmetic.h"
#include "cloister/kernels/ntt_tables.h"

// What the two transforms share.
namespace cloister::CLOISTER_KERNEL_TARGET {

/// How many layers each pass over memory takes, largest distances first, down to blocks of 64
/// coefficients, whose six layers stay in registers. Passes of eight streams over blocks that are larger
/// than the first cache; sixteen streams at such distances would fall into the same sets of it, and where
/// there are sixteen registers they would not fit.
struct NttPasses {
  static constexpr int kMax = 4;
  static constexpr int kMost = kLanes == 8 ? 4 : 3;
  int layers[kMax] = {};  // zero beyond `count`
  int count = 0;

  explicit NttPasses(std::size_t degree) noexcept {
    int left = __builtin_ctzll(degree) - 6;
    while (left > 4 || left == 3) {
      layers[count++] = 3;
      left -= 3;
    }
    if (left > kMost) {
      layers[count++] = 2;
      left -= 2;
    }
    if (left != 0) layers[count++] = left;
  }
};

/// A transform works on so many groups of 64 coefficients at once in the layers that stay in registers: step
/// by step, because one alone is a chain too long for the CPU to look past. More than one only where there
/// are registers for it.
inline constexpr std::size_t kSets = kLanes == 8 ? 2 : 1;

/// The roots of kLayers layers below a node of the tree of roots.
template <typename A, int kLayers>
inline void load_roots(const VectorRoot* roots, std::size_t node, typename A::Root* w,
                       const typename A::Constants& m) {
#pragma GCC unroll 16
  for (int layer = 0; layer < kLayers; ++layer)
#pragma GCC unroll 16
    for (int i = 0; i < 1 << layer; ++i)
      w[(1 << layer) - 1 + i] = A::root(roots[(node << layer) + static_cast<std::size_t>(i)], m);
}

/// The lower roots of one group, in the lanes that stand for one part of its eights.
template <typename A>
inline void load_lower_roots(const u64* lower, std::size_t part, typename A::Root* w,
                             const typename A::Constants& m) {
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 7; ++i) w[i] = A::roots(lower + kLanes * part + 16 * i, m);
}

/// Asks for the lower roots of the groups that come eight later. A transform that follows one of another
/// prime finds its table in the third cache or in memory, too far for the CPU's own prefetching. May point
/// past the table: a prefetch does not fault.
template <typename A>
inline void prefetch_lower_roots(const u64* lower) {
  constexpr std::size_t kGroupBytes = VectorRoots::kLowerGroupWords * sizeof(u64);
  constexpr std::size_t kStep = A::kReadsQuotients ? 64 : 128;
  const auto ahead = reinterpret_cast<std::uintptr_t>(lower) + 8 * kGroupBytes;
#pragma GCC unroll 28
  for (std::size_t line = 0; line < kSets * kGroupBytes; line += kStep)
    _mm_prefetch(reinterpret_cast<const char*>(ahead + line), _MM_HINT_T0);
}

}  // namespace cloister::CLOISTER_KERNEL_TARGET
