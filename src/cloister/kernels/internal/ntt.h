#pragma once

#include <bit>

#include "cloister/kernels/internal/arithmetic.h"
#include "cloister/kernels/ntt_tables.h"

// What the two transforms share.
namespace cloister::CLOISTER_KERNEL_TARGET {

/// How many layers each pass over memory takes, largest distances first, down to blocks of 64
/// coefficients, whose six layers stay in registers. Passes of eight streams over blocks that are larger
/// than the first cache; sixteen streams at such distances would fall into the same sets of it. Four layers
/// at the end where kMost allows them.
template <int kMostLayers>
struct NttPasses {
  static_assert(kMostLayers == 3 || kMostLayers == 4);
  static constexpr int kMost = kMostLayers;
  static constexpr int kMax = 4;
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

/// Whether a transform is one of three layers between parts and others within them: else the reference's is
/// taken, whose form of the values between the two is its own.
inline bool splits(const NttTables& tables) noexcept { return tables.degree() >= 2048; }

/// A transform works on so many groups of 64 coefficients at once in the layers that stay in registers: step
/// by step, because one alone is a chain too long for the CPU to look past. More than one only where there
/// are registers for it.
inline constexpr std::size_t kSets = kLanes == 8 ? 2 : 1;

/// The roots of kLayers layers below a node of the tree of roots: of the node, its children, theirs.
template <typename A, int kLayers>
inline void load_roots(const VectorRoot* roots, std::size_t node, typename A::Root* w,
                       const typename A::Constants& m) {
#pragma GCC unroll 16
  for (unsigned i = 1; i < 1U << kLayers; ++i) {
    const int layer = 31 - __builtin_clz(i);
    w[i - 1] = A::root(roots[(node << layer) + (i - (1U << layer))], m);
  }
}

/// Where the lower roots of a group lie.
struct LowerRoots {
  const u64 *values, *quotients;

  LowerRoots(const VectorRoots& roots, std::size_t group)
      : values(roots.lower_values() + group * VectorRoots::kLowerGroupWords),
        quotients(roots.lower_quotients() + group * VectorRoots::kLowerGroupWords) {}
};

/// Those of one group, in the lanes that stand for one part of its eights.
template <typename A>
inline void load_lower_roots(const LowerRoots& lower, std::size_t part, typename A::Root* w,
                             const typename A::Constants& m) {
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 7; ++i) {
    const std::size_t at = kLanes * part + 8 * i;
    w[i] = A::roots(lower.values + at, lower.quotients + at, m);
  }
}

/// Asks for the lower roots of the groups that come sixteen later. A transform that follows one of another
/// prime finds its table in the third cache or in memory, too far for the CPU's own prefetching. May point
/// past the table: a prefetch does not fault.
template <typename A>
inline void prefetch_lower_roots(const LowerRoots& lower) {
  constexpr std::size_t kGroupBytes = VectorRoots::kLowerGroupWords * sizeof(u64);
  const auto ask = [](const u64* words) {
    const auto ahead = reinterpret_cast<std::uintptr_t>(words) + 16 * kGroupBytes;
#pragma GCC unroll 14
    for (std::size_t line = 0; line < kSets * kGroupBytes; line += 64)
      _mm_prefetch(reinterpret_cast<const char*>(ahead + line), _MM_HINT_T0);
  };
  if constexpr (A::kLowerRoots != LowerRootWords::kQuotients) ask(lower.values);
  if constexpr (A::kLowerRoots != LowerRootWords::kValues) ask(lower.quotients);
}

}  // namespace cloister::CLOISTER_KERNEL_TARGET
