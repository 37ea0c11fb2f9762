#pragma once

#include "cloister/kernels/internal/ntt.h"

// The forward transform's layers and the order of its reductions.
namespace cloister::CLOISTER_KERNEL_TARGET {
namespace forward {

/// Sixteen streams where there are more than sixteen registers.
using Passes = NttPasses<kLanes == 8 ? 4 : 3>;

/// What the left operands are before a pass: canonical residues in memory; values within range for the
/// layers to come; or values that have to be reduced.
enum class Entry { kResidues, kContinue, kReduce };

template <typename F>
struct Forward {
  Forward(const NttTables& tables, u64 lazy_layers)
      : m(tables.modulus(), lazy_layers), degree(tables.degree()), roots(tables.vector_roots()) {}

  typename F::Constants m;
  std::size_t degree;
  const VectorRoots& roots;
};

/// kLayers layers on kCount sets of 2^kLayers vectors; w[k] holds the roots of set k, those of the first
/// layer, then of the next. F::kPeriod, unless zero: reductions that do not depend on the schedule, before
/// every layer of a pass whose number it divides.
template <typename F, int kLayers, std::size_t kCount, Entry kEntry>
inline void layers(typename F::Value (*v)[1 << kLayers], const typename F::Root (*w)[(1 << kLayers) - 1],
                   const typename F::Constants& m) {
#pragma GCC unroll 16
  for (int i = 0; i < 1 << (kLayers - 1); ++i)
#pragma GCC unroll 2
    for (std::size_t k = 0; k < kCount; ++k) {
      if constexpr (kEntry == Entry::kResidues) v[k][i] = F::enter(v[k][i], m);
      if constexpr (kEntry == Entry::kReduce) v[k][i] = F::reenter(v[k][i], m);
    }
#pragma GCC unroll 16
  for (int layer = 0; layer < kLayers; ++layer) {
    const int half = 1 << (kLayers - 1 - layer);
#pragma GCC unroll 16
    for (int i = 0; i < 1 << (kLayers - 1); ++i) {
      const int block = i / half;
      const int left = block * half + i;
#pragma GCC unroll 2
      for (std::size_t k = 0; k < kCount; ++k) {
        if constexpr (F::kPeriod != 0)
          if (layer % F::kPeriod == 0 && (layer != 0 || kEntry != Entry::kResidues))
            v[k][left] = F::reduce(v[k][left], m);
        F::butterfly(v[k][left], v[k][left + half], w[k][(1 << layer) - 1 + block], m);
      }
    }
  }
}

/// One pass over memory, and what it does on entry.
struct Pass {
  int layers;
  Entry entry;
};

/// The passes of one transform, `lazy_layers` layers at most between reductions.
struct Schedule {
  Schedule(std::size_t degree, u64 lazy_layers) {
    const Passes plan(degree);
    u64 used = 0;
    for (; count < plan.count; ++count)
      passes[count] = {plan.layers[count],
                       enter(static_cast<u64>(plan.layers[count]), lazy_layers, count == 0, used)};
    last = enter(3, lazy_layers, false, used);
    middle = enter(3, lazy_layers, false, used);
  }

  const Pass* end() const { return passes + count; }

  Pass passes[Passes::kMax];
  int count = 0;
  Entry last, middle;  // of the last pass, and of the second half of it

 private:
  /// What a pass of so many layers must do first, after `used` layers since the values were last in range.
  static Entry enter(u64 layers, u64 lazy_layers, bool first, u64& used) {
    if (!first && used + layers <= lazy_layers) {
      used += layers;
      return Entry::kContinue;
    }
    used = layers;
    return first ? Entry::kResidues : Entry::kReduce;
  }
};

/// Schedule and constants of one transform.
template <typename F>
struct Transform {
  explicit Transform(const NttTables& tables)
      : lazy_layers(F::lazy_layers(tables.modulus(), static_cast<u64>(__builtin_ctzll(tables.degree())))),
        schedule(tables.degree(), lazy_layers),
        forward(tables, lazy_layers) {}

  u64 lazy_layers;
  Schedule schedule;
  Forward<F> forward;
};

/// run(F) for the arithmetic F that is the fastest for a modulus.
template <typename Run>
void choose(const Modulus& q, const Run& run) {
  if (!is_narrow(q)) return run(WideForward());
#ifdef __AVX512IFMA__
  if (IfmaForward::lazy_layers(q, 17) >= Passes::kMost) return run(IfmaForward());
  if (q.value() <= IfmaForwardReducing<3>::kMaxModulus) return run(IfmaForwardReducing<3>());
  if (q.value() <= IfmaForwardReducing<2>::kMaxModulus) return run(IfmaForwardReducing<2>());
  run(IfmaForwardReducing<1>());
#else
  if (q.bits() <= 47) return run(FmaForward<false>());
  run(FmaForward<true>());
#endif
}

}  // namespace forward
}  // namespace cloister::CLOISTER_KERNEL_TARGET
