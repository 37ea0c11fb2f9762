// The forward transform: butterflies on values that are left to grow.
//
// A butterfly takes (x, y) to (x + wy, x - wy), where of y only the residue matters and what is written is
// close to x. So only the left half of a layer's values has to be brought back into range, once in as many
// layers as the arithmetic allows: at the begin of a pass, where the layers since the last time and those of
// the pass would be too many.
#include "cloister/kernels/internal/ntt.h"
#include "cloister/kernels/internal/targets.h"

namespace cloister::CLOISTER_KERNEL_TARGET {
namespace {

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

/// kLayers layers of the block x of 2^kLayers * distance coefficients that the node stands for.
template <typename F, int kLayers, Entry kEntry>
void pass(const Forward<F>& forward, std::size_t node, u64* x, std::size_t distance) {
  constexpr std::size_t kStreams = std::size_t{1} << kLayers;
  const typename F::Constants m = forward.m;
  typename F::Root w[kStreams - 1];
  load_roots<F, kLayers>(forward.roots.upper(), node, w, m);
  for (std::size_t j = 0; j < distance; j += kLanes) {
    typename F::Value v[kStreams];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kStreams; ++i) {
      const u64* from = x + i * distance + j;
      v[i] = kEntry == Entry::kResidues ? F::from_residue(load(from)) : F::read(from);
    }
    layers<F, kLayers, 1, kEntry>(&v, &w, m);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kStreams; ++i) F::write(x + i * distance + j, v[i]);
  }
}

/// The last six layers of `count` consecutive groups of 64 coefficients, and the canonical results: three
/// layers between the rows of a group, eight in each, and three between its columns. A group is in registers
/// from the one to the other where vectors are as long as rows. `count` is even.
template <typename F, Entry kEntry, Entry kMiddle>
void last_pass(const Forward<F>& forward, std::size_t group, std::size_t count, u64* x) {
  using Value = typename F::Value;
  const typename F::Constants m = forward.m;
  for (const std::size_t end = group + count; group != end; group += kSets, x += 64 * kSets) {
    Value v[kSets][8];
    typename F::Root w[kSets][7];
#pragma GCC unroll 2
    for (std::size_t k = 0; k < kSets; ++k)
      load_roots<F, 3>(forward.roots.upper(), forward.degree / 64 + group + k, w[k], m);
#pragma GCC unroll 2
    for (std::size_t part = 0; part < kParts; ++part) {
#pragma GCC unroll 2
      for (std::size_t k = 0; k < kSets; ++k)
#pragma GCC unroll 8
        for (std::size_t i = 0; i < 8; ++i) v[k][i] = F::read(x + 64 * k + column_word(part, i));
      layers<F, 3, kSets, kEntry>(v, w, m);
      if constexpr (kParts != 1)
#pragma GCC unroll 8
        for (std::size_t i = 0; i < 8; ++i) F::write(x + column_word(part, i), v[0][i]);
    }
    const u64* lower = forward.roots.lower() + group * VectorRoots::kLowerGroupWords;
    prefetch_lower_roots<F>(lower);
#pragma GCC unroll 2
    for (std::size_t part = 0; part < kParts; ++part) {
#pragma GCC unroll 2
      for (std::size_t k = 0; k < kSets; ++k) {
        if constexpr (kParts != 1)
#pragma GCC unroll 8
          for (std::size_t i = 0; i < 8; ++i) v[k][i] = F::read(x + row_word(part, i));
        transpose(v[k]);
        load_lower_roots<F>(lower + VectorRoots::kLowerGroupWords * k, part, w[k], m);
      }
      layers<F, 3, kSets, kMiddle>(v, w, m);
#pragma GCC unroll 2
      for (std::size_t k = 0; k < kSets; ++k) {
        Vec residues[8];
#pragma GCC unroll 8
        for (std::size_t i = 0; i < 8; ++i) residues[i] = F::finish(v[k][i], m);
        transpose(residues);
#pragma GCC unroll 8
        for (std::size_t i = 0; i < 8; ++i) store(x + 64 * k + row_word(part, i), residues[i]);
      }
    }
  }
}

template <typename F, Entry kEntry>
void pass_of(int layers, const Forward<F>& f, std::size_t node, u64* x, std::size_t distance) {
  if (layers == 1) return pass<F, 1, kEntry>(f, node, x, distance);
  if (layers == 2) return pass<F, 2, kEntry>(f, node, x, distance);
  if (layers == 3) return pass<F, 3, kEntry>(f, node, x, distance);
  if constexpr (NttPasses::kMost == 4) pass<F, 4, kEntry>(f, node, x, distance);
}

template <typename F>
void run_pass(Entry entry, int layers, const Forward<F>& f, std::size_t node, u64* x, std::size_t distance) {
  if (entry == Entry::kResidues) return pass_of<F, Entry::kResidues>(layers, f, node, x, distance);
  if constexpr (F::kReduces)
    if (entry == Entry::kReduce) return pass_of<F, Entry::kReduce>(layers, f, node, x, distance);
  pass_of<F, Entry::kContinue>(layers, f, node, x, distance);
}

template <typename F>
void run_last_pass(Entry entry, Entry middle, const Forward<F>& f, std::size_t group, std::size_t count,
                   u64* x) {
  if constexpr (F::kReduces) {
    const bool reduce_middle = middle == Entry::kReduce;
    if (entry == Entry::kReduce && reduce_middle)
      return last_pass<F, Entry::kReduce, Entry::kReduce>(f, group, count, x);
    if (entry == Entry::kReduce) return last_pass<F, Entry::kReduce, Entry::kContinue>(f, group, count, x);
    if (reduce_middle) return last_pass<F, Entry::kContinue, Entry::kReduce>(f, group, count, x);
  }
  last_pass<F, Entry::kContinue, Entry::kContinue>(f, group, count, x);
}

/// One pass over memory, and what it does on entry.
struct Pass {
  int layers;
  Entry entry;
};

/// The passes of one transform, `lazy_layers` layers at most between reductions.
struct Schedule {
  Schedule(std::size_t degree, u64 lazy_layers) {
    const NttPasses plan(degree);
    u64 used = 0;
    for (; count < plan.count; ++count)
      passes[count] = {plan.layers[count],
                       enter(static_cast<u64>(plan.layers[count]), lazy_layers, count == 0, used)};
    last = enter(3, lazy_layers, false, used);
    middle = enter(3, lazy_layers, false, used);
  }

  const Pass* end() const { return passes + count; }

  Pass passes[NttPasses::kMax];
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

/// A pass and those after it, on a block of `size` coefficients: each part of a block is finished before
/// the next is begun, so that it is read while it is in the nearest cache that holds it.
template <typename F>
void descend(const Schedule& schedule, const Pass* pass, const Forward<F>& f, std::size_t node, u64* x,
             std::size_t size) {
  const std::size_t parts = std::size_t{1} << pass->layers;
  const std::size_t part = size / parts;
  run_pass(pass->entry, pass->layers, f, node, x, part);
  if (pass + 1 == schedule.end()) {
    const std::size_t group = node * parts - f.degree / part;
    return run_last_pass(schedule.last, schedule.middle, f, group, parts, x);
  }
  for (std::size_t i = 0; i < parts; ++i)
    descend(schedule, pass + 1, f, node * parts + i, x + i * part, part);
}

template <typename F>
void transform(const NttTables& tables, u64* x) {
  const std::size_t n = tables.degree();
  const u64 lazy_layers = F::lazy_layers(tables.modulus(), static_cast<u64>(__builtin_ctzll(n)));
  const Schedule schedule(n, lazy_layers);
  descend(schedule, schedule.passes, Forward<F>(tables, lazy_layers), 1, x, n);
}

}  // namespace

void ntt_forward(const NttTables& tables, u64* x) noexcept {
  if (tables.vector_roots().empty()) return scalar_kernels().ntt_forward(tables, x);
  const Modulus& q = tables.modulus();
  if (!is_narrow(q)) return transform<WideForward>(tables, x);
#ifdef __AVX512IFMA__
  if (IfmaForward::lazy_layers(q, 17) >= NttPasses::kMost) return transform<IfmaForward>(tables, x);
  if (q.value() <= IfmaForwardReducing<3>::kMaxModulus) return transform<IfmaForwardReducing<3>>(tables, x);
  if (q.value() <= IfmaForwardReducing<2>::kMaxModulus) return transform<IfmaForwardReducing<2>>(tables, x);
  transform<IfmaForwardReducing<1>>(tables, x);
#else
  if (q.bits() <= 47) return transform<FmaForward<false>>(tables, x);
  transform<FmaForward<true>>(tables, x);
#endif
}

}  // namespace cloister::CLOISTER_KERNEL_TARGET
