// The forward transform: butterflies on values that are left to grow.
//
// A butterfly takes (x, y) to (x + wy, x - wy), where of y only the residue matters and what is written is
// close to x. So only the left half of a layer's values has to be brought back into range, once in as many
// layers as the arithmetic allows: at the begin of a pass, where the layers since the last time and those of
// the pass would be too many.
#include "cloister/kernels/internal/ntt_forward.h"

#include "cloister/kernels/internal/targets.h"

namespace cloister::CLOISTER_KERNEL_TARGET {
namespace {

using namespace forward;

/// What a pass works on: `columns` of 2^kLayers streams that lie so far apart where they are read and
/// written; and what it asks for, `read_ahead` words behind what it reads.
struct Streams {
  const u64* in;
  std::size_t in_distance;
  u64* out;
  std::size_t out_distance;
  std::size_t columns;
  std::size_t read_ahead;
};

/// kLayers layers of the columns below a node. kAhead: asks for the lines that the columns after these will
/// write.
template <typename F, int kLayers, Entry kEntry, bool kAhead>
void pass(const Forward<F>& forward, std::size_t node, const Streams& s) {
  constexpr std::size_t kStreams = std::size_t{1} << kLayers;
  const typename F::Constants m = forward.m;
  typename F::Root w[kStreams - 1];
  load_roots<F, kLayers>(forward.roots.upper(), node, w, m);
  for (std::size_t j = 0; j < s.columns; j += kLanes) {
    typename F::Value v[kStreams];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kStreams; ++i) {
      const u64* from = s.in + i * s.in_distance + j;
      v[i] = kEntry == Entry::kResidues ? F::from_residue(load(from)) : F::read(from);
      prefetch_to_read(from + s.read_ahead);
    }
    layers<F, kLayers, 1, kEntry>(&v, &w, m);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kStreams; ++i) {
      u64* to = s.out + i * s.out_distance + j;
      F::write(to, v[i]);
      if constexpr (kAhead) prefetch_to_write(to + s.columns);
    }
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
    prefetch_lower_roots<F>({forward.roots, group});
#pragma GCC unroll 2
    for (std::size_t part = 0; part < kParts; ++part) {
#pragma GCC unroll 2
      for (std::size_t k = 0; k < kSets; ++k) {
        if constexpr (kParts != 1)
#pragma GCC unroll 8
          for (std::size_t i = 0; i < 8; ++i) v[k][i] = F::read(x + row_word(part, i));
        transpose(v[k]);
        load_lower_roots<F>({forward.roots, group + k}, part, w[k], m);
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
void pass_of(int layers, const Forward<F>& f, std::size_t node, const Streams& s) {
  if (layers == 1) return pass<F, 1, kEntry, false>(f, node, s);
  if (layers == 2) return pass<F, 2, kEntry, false>(f, node, s);
  if (layers == 3) return pass<F, 3, kEntry, false>(f, node, s);
  if constexpr (Passes::kMost == 4) pass<F, 4, kEntry, false>(f, node, s);
}

template <typename F>
void run_pass(Entry entry, int layers, const Forward<F>& f, std::size_t node, const Streams& s) {
  if (entry == Entry::kResidues) return pass_of<F, Entry::kResidues>(layers, f, node, s);
  if constexpr (F::kReduces)
    if (entry == Entry::kReduce) return pass_of<F, Entry::kReduce>(layers, f, node, s);
  pass_of<F, Entry::kContinue>(layers, f, node, s);
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

/// A pass and those after it, on a block of `size` coefficients: each part of a block is finished before
/// the next is begun, so that it is read while it is in the nearest cache that holds it.
template <typename F>
void descend(const Schedule& schedule, const Pass* pass, const Forward<F>& f, std::size_t node, const u64* in,
             u64* x, std::size_t size, std::size_t read_ahead) {
  const std::size_t parts = std::size_t{1} << pass->layers;
  const std::size_t part = size / parts;
  run_pass(pass->entry, pass->layers, f, node, {in, part, x, part, part, read_ahead});
  if (pass + 1 == schedule.end()) {
    const std::size_t group = node * parts - f.degree / part;
    return run_last_pass(schedule.last, schedule.middle, f, group, parts, x);
  }
  for (std::size_t i = 0; i < parts; ++i)
    descend(schedule, pass + 1, f, node * parts + i, x + i * part, x + i * part, part, 0);
}

}  // namespace

void ntt_forward(const NttTables& tables, const u64* in, u64* out) noexcept {
  if (tables.vector_roots().empty()) return scalar_kernels().ntt_forward(tables, in, out);
  choose(tables.modulus(), [&]<typename F>(F) {
    const Transform<F> t(tables);
    descend(t.schedule, t.schedule.passes, t.forward, 1, in, out, tables.degree(), kPrefetchWords / 8);
  });
}

void ntt_forward_head(const NttTables& tables, const u64* in, std::size_t in_distance, u64* out,
                      std::size_t out_distance, std::size_t columns) noexcept {
  if (!splits(tables) || columns % 8 != 0)
    return scalar_kernels().ntt_forward_head(tables, in, in_distance, out, out_distance, columns);
  choose(tables.modulus(), [&]<typename F>(F) {
    pass<F, 3, Entry::kResidues, true>(Transform<F>(tables).forward, 1,
                                       {in, in_distance, out, out_distance, columns, 0});
  });
}

void ntt_forward_tail(const NttTables& tables, std::size_t part, const u64* in, u64* out) noexcept {
  if (!splits(tables)) return scalar_kernels().ntt_forward_tail(tables, part, in, out);
  choose(tables.modulus(), [&]<typename F>(F) {
    const Transform<F> t(tables);
    // Asks for the next part.
    descend(t.schedule, t.schedule.passes + 1, t.forward, kNttParts + part, in, out,
            tables.degree() / kNttParts, tables.degree() / kNttParts);
  });
}

}  // namespace cloister::CLOISTER_KERNEL_TARGET
