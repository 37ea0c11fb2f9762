// The forward transform: butterflies of five operations on values that are left to grow.
//
// A butterfly takes (x, y) to (x + r, x - r), r = w * y mod q in [0, 2q): what it reads may be any value
// below 2^52, what it writes is within 2q of x. Values in [0, 2q) that are raised once by an offset of
// 2sq therefore stay in [0, (4s + 2)q) for s layers, which needs (4s + 2)q <= 2^52. Of y only the residue
// matters, so only the left half of a layer's values is raised or reduced. Where the whole transform has
// more than s layers, passes begin by reducing again; where s is below 4, what the longest pass needs (q
// above 2^47.83), every layer reduces: x in [0, 2q) gives x + r and x - r + 2q in [0, 4q), which holds up
// to q = 2^50. Above that, up to 2^60, products are of 64 bits with r in [0, 4q): Harvey's butterfly in
// [0, 8q), 8q < 2^63.
#include <array>
#include <bit>

#include "cloister/kernels/internal/ifma_ntt.h"
#include "cloister/kernels/internal/ifma_vector.h"
#include "cloister/kernels/internal/ntt_passes.h"

namespace cloister::ifma {
namespace {

using u64 = std::uint64_t;

/// What a pass does to the left operands before it begins: nothing, raise canonical values, reduce and
/// raise; reduce before each of its layers; or that with products of 64 bits.
enum class Entry { kContinue, kRaise, kReduce, kReduceEachLayer, kWide };

struct Forward {
  Forward(const NttTables& tables, u64 lazy_layers)
      : m(tables.modulus().value()),
        offset(broadcast(2 * lazy_layers * tables.modulus().value())),
        degree(tables.degree()),
        roots(tables.vector_roots()) {}

  VecModulus m;
  Vec offset;
  std::size_t degree;
  const VectorRoots& roots;
};

template <Entry kEntry>
inline Vec enter(Vec x, const Forward& f) {
  if constexpr (kEntry == Entry::kRaise) return add(x, f.offset);
  if constexpr (kEntry == Entry::kReduce) return add_reduced(f.offset, x, f.m);
  return x;
}

template <Entry kEntry>
inline void butterfly(Vec& x, Vec& y, const VecRoot& w, const Forward& f) {
  if constexpr (kEntry == Entry::kWide) {
    const Vec left = fold(x, f.m.four_q), product = wide_product(y, w, f.m.q);
    x = add(left, product);
    y = sub(add(left, f.m.four_q), product);
    return;
  }
  Vec left = x;
  if constexpr (kEntry == Entry::kReduceEachLayer) left = reduced(left, f.m);
  const Vec sum = add_product(left, y, w, f.m);
  Vec twice = add(left, left);
  if constexpr (kEntry == Entry::kReduceEachLayer) twice = add(twice, f.m.two_q);
  x = sum;
  y = sub(twice, sum);
}

/// The canonical residue of a value after the last layer.
template <Entry kEntry>
inline Vec finished(Vec v, const Forward& f) {
  if constexpr (kEntry == Entry::kWide) return fold(fold(fold(v, f.m.four_q), f.m.two_q), f.m.q);
  return canonical(reduced(v, f.m), f.m);
}

/// kLayers layers on kSets sets of 2^kLayers vectors; w[k] holds the roots of set k, those of the first
/// layer, then of the next.
template <int kLayers, int kSets, Entry kEntry>
inline void layers(Vec (*v)[1 << kLayers], const VecRoot (*w)[(1 << kLayers) - 1], const Forward& f) {
#pragma GCC unroll 16
  for (int i = 0; i < 1 << (kLayers - 1); ++i)
#pragma GCC unroll 2
    for (int k = 0; k < kSets; ++k) v[k][i] = enter<kEntry>(v[k][i], f);
#pragma GCC unroll 16
  for (int layer = 0; layer < kLayers; ++layer) {
    const int half = 1 << (kLayers - 1 - layer);
#pragma GCC unroll 16
    for (int i = 0; i < 1 << (kLayers - 1); ++i) {
      const int block = i / half;
      const int left = block * half + i;
#pragma GCC unroll 2
      for (int k = 0; k < kSets; ++k)
        butterfly<kEntry>(v[k][left], v[k][left + half], w[k][(1 << layer) - 1 + block], f);
    }
  }
}

/// kLayers layers of the block x of 2^kLayers * distance coefficients that the node stands for.
template <int kLayers, Entry kEntry>
void pass(const Forward& forward, std::size_t node, u64* x, std::size_t distance) {
  constexpr int kStreams = 1 << kLayers;
  const Forward f = forward;
  VecRoot w[kStreams - 1];
  load_roots<kLayers>(f.roots.upper(), node, w);
  for (std::size_t j = 0; j < distance; j += 8) {
    Vec v[kStreams];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kStreams; ++i) v[i] = load(x + i * distance + j);
    layers<kLayers, 1, kEntry>(&v, &w, f);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kStreams; ++i) store(x + i * distance + j, v[i]);
  }
}

/// The last six layers of `count` consecutive groups of 64 coefficients, and the canonical results:
/// three layers between vectors, a transposition, three layers between what were lanes. Two groups at a
/// time, step by step, because one alone is a chain too long for the CPU to look past. `count` is even.
template <Entry kEntry, Entry kMiddle>
void last_pass(const Forward& forward, std::size_t group, std::size_t count, u64* x) {
  const Forward f = forward;
  for (const std::size_t end = group + count; group != end; group += 2, x += 128) {
    Vec v[2][8];
    VecRoot w[2][7];
#pragma GCC unroll 2
    for (std::size_t k = 0; k < 2; ++k) {
#pragma GCC unroll 8
      for (std::size_t i = 0; i < 8; ++i) v[k][i] = load(x + 64 * k + 8 * i);
      load_roots<3>(f.roots.upper(), f.degree / 64 + group + k, w[k]);
    }
    layers<3, 2, kEntry>(v, w, f);
    const u64* lower = f.roots.lower() + group * VectorRoots::kLowerGroupWords;
    prefetch_lower_roots(lower);
#pragma GCC unroll 2
    for (std::size_t k = 0; k < 2; ++k) {
      transpose(v[k]);
#pragma GCC unroll 8
      for (std::size_t i = 0; i < 7; ++i)
        w[k][i] = VecRoot(lower + VectorRoots::kLowerGroupWords * k + 16 * i);
    }
    layers<3, 2, kMiddle>(v, w, f);
#pragma GCC unroll 2
    for (std::size_t k = 0; k < 2; ++k) {
#pragma GCC unroll 8
      for (std::size_t i = 0; i < 8; ++i) v[k][i] = finished<kEntry>(v[k][i], f);
      transpose(v[k]);
#pragma GCC unroll 8
      for (std::size_t i = 0; i < 8; ++i) store(x + 64 * k + 8 * i, v[k][i]);
    }
  }
}

template <Entry kEntry>
void pass_of(int layers, const Forward& f, std::size_t node, u64* x, std::size_t distance) {
  switch (layers) {
    case 1:
      return pass<1, kEntry>(f, node, x, distance);
    case 2:
      return pass<2, kEntry>(f, node, x, distance);
    case 3:
      return pass<3, kEntry>(f, node, x, distance);
    default:
      return pass<4, kEntry>(f, node, x, distance);
  }
}

void run_pass(Entry entry, int layers, const Forward& f, std::size_t node, u64* x, std::size_t distance) {
  switch (entry) {
    case Entry::kContinue:
      return pass_of<Entry::kContinue>(layers, f, node, x, distance);
    case Entry::kRaise:
      return pass_of<Entry::kRaise>(layers, f, node, x, distance);
    case Entry::kReduce:
      return pass_of<Entry::kReduce>(layers, f, node, x, distance);
    case Entry::kReduceEachLayer:
      return pass_of<Entry::kReduceEachLayer>(layers, f, node, x, distance);
    case Entry::kWide:
      return pass_of<Entry::kWide>(layers, f, node, x, distance);
  }
}

void run_last_pass(Entry entry, Entry middle, const Forward& f, std::size_t group, std::size_t count,
                   u64* x) {
  if (entry == Entry::kWide) return last_pass<Entry::kWide, Entry::kWide>(f, group, count, x);
  if (entry == Entry::kReduceEachLayer)
    return last_pass<Entry::kReduceEachLayer, Entry::kReduceEachLayer>(f, group, count, x);
  if (entry == Entry::kReduce) {
    if (middle == Entry::kReduce) return last_pass<Entry::kReduce, Entry::kReduce>(f, group, count, x);
    return last_pass<Entry::kReduce, Entry::kContinue>(f, group, count, x);
  }
  if (middle == Entry::kReduce) return last_pass<Entry::kContinue, Entry::kReduce>(f, group, count, x);
  return last_pass<Entry::kContinue, Entry::kContinue>(f, group, count, x);
}

/// One pass over memory, and what it does on entry.
struct Pass {
  int layers = 0;
  Entry entry = Entry::kContinue;
};

/// The passes of one transform.
struct Schedule {
  Schedule(std::size_t degree, u64 q) : wide(q >> VectorRoot::kMaxNarrowBits != 0) {
    const NttPasses plan(degree);
    const u64 all = static_cast<u64>(std::countr_zero(degree));
    const u64 range = (u64{1} << 52) / q;        // as multiples of q, at least 4 unless wide
    const u64 from_canonical = (range - 1) / 4;  // (4s + 1)q <= 2^52
    lazy_layers = wide ? 0 : from_canonical >= all ? all : (range - 2) / 4;
    u64 used = 0;
    for (; count < passes.size() && plan.layers[count] != 0; ++count) {
      const int layers = plan.layers[count];
      passes[count] = {layers, enter(static_cast<u64>(layers), count == 0, used)};
    }
    last = enter(3, false, used);
    middle = enter(3, false, used);
  }

  const Pass* end() const { return passes.data() + count; }

  std::array<Pass, NttPasses::kMax> passes;
  std::size_t count = 0;
  bool wide;
  u64 lazy_layers = 0;
  Entry last, middle;  // of the last pass, and of the second half of it

 private:
  /// What a pass of so many layers must do first, after `used` layers since the values were last raised.
  Entry enter(u64 layers, bool first, u64& used) const {
    if (wide) return Entry::kWide;
    if (lazy_layers < 4) return Entry::kReduceEachLayer;
    if (!first && used + layers <= lazy_layers) {
      used += layers;
      return Entry::kContinue;
    }
    used = layers;
    return first ? Entry::kRaise : Entry::kReduce;
  }
};

/// A pass and those after it, on a block of `size` coefficients: each part of a block is finished before
/// the next is begun, so that it is read while it is in the nearest cache that holds it.
void descend(const Schedule& schedule, const Pass* pass, const Forward& f, std::size_t node, u64* x,
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

}  // namespace

void ntt_forward(const NttTables& tables, u64* x) noexcept {
  const Schedule schedule(tables.degree(), tables.modulus().value());
  const Forward forward(tables, schedule.lazy_layers);
  descend(schedule, schedule.passes.data(), forward, 1, x, tables.degree());
}

}  // namespace cloister::ifma
