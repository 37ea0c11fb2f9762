// The inverse transform: (x, y) to (x + y, w * (x - y)).
//
// A product is in [0, 2q), or [0, 4q) with 64-bit words, whatever it came from; a sum has twice the bound of
// its operands, which are equal, because the two operands of a butterfly have the same history. Differences
// are taken as x + b*q - y for y in [0, bq). Everything must stay within a limit, at most 2^52, or 2^63 with
// 64-bit words: operands whose sum would not are reduced first, and at the end of a pass so is what exceeds
// the bound that the next pass expects. Which values these are is known when this is compiled (Bounds).
#include <array>

#include "cloister/kernels/internal/ifma_ntt.h"
#include "cloister/kernels/internal/ifma_vector.h"
#include "cloister/kernels/internal/ntt_passes.h"

namespace cloister::ifma {
namespace {

using u64 = std::uint64_t;

/// log2 of the bounds of each of 2^kLayers values before each layer, as multiples of q.
template <int kLayers>
struct Bounds {
  std::array<std::array<int, std::size_t{1} << kLayers>, kLayers> sum{};  // of the sums, unless reduced
  std::array<std::array<bool, std::size_t{1} << kLayers>, kLayers> reduce{};
  std::array<int, std::size_t{1} << kLayers> end{};

  constexpr Bounds(int log2_limit, int log2_reduced, int log2_entry) {
    for (std::size_t i = 0; i < end.size(); ++i) {
      int bound = log2_entry;
      for (std::size_t layer = 0; layer < kLayers; ++layer) {
        reduce[layer][i] = bound + 1 > log2_limit;
        sum[layer][i] = (reduce[layer][i] ? log2_reduced : bound) + 1;
        bound = (i >> layer & 1) != 0 ? log2_reduced : sum[layer][i];
      }
      end[i] = bound;
    }
  }
};

struct Inverse {
  explicit Inverse(const NttTables& tables)
      : m(tables.modulus().value()),
        degree(tables.degree()),
        roots(tables.inverse_vector_roots()),
        scale(VectorRoot(tables.inverse_degree(), tables.modulus())),
        scaled_root(VectorRoot(tables.scaled_inverse_root(), tables.modulus())) {}

  VecModulus m;
  std::size_t degree;
  const VectorRoots& roots;
  VecRoot scale;        // 1 / N
  VecRoot scaled_root;  // the last layer's root / N
};

// The classes of moduli: log2 of what no value may exceed, of what a pass leaves to the next, and of what
// products and reductions leave, as multiples of q.
template <int kLimit, int kBetween>
struct Narrow {
  static constexpr int kLog2Limit = kLimit, kLog2Between = kBetween, kLog2Reduced = 1;
  static Vec reduce(Vec v, const VecModulus& m) { return reduced(v, m); }
  static Vec multiply(Vec v, const VecRoot& w, const VecModulus& m) { return product(v, w, m); }
  static Vec finish(Vec v, const VecModulus& m) { return canonical(v, m); }
};
using Below46 = Narrow<6, 2>;
using Below48 = Narrow<4, 1>;
using Below50 = Narrow<2, 1>;
struct Below60 {
  static constexpr int kLog2Limit = 3, kLog2Between = 2, kLog2Reduced = 2;
  static Vec reduce(Vec v, const VecModulus& m) { return fold(v, m.four_q); }
  static Vec multiply(Vec v, const VecRoot& w, const VecModulus& m) { return wide_product(v, w, m.q); }
  static Vec finish(Vec v, const VecModulus& m) { return fold(fold(v, m.two_q), m.q); }
};

/// kLayers layers on kSets sets of 2^kLayers vectors; w[k] holds the roots of set k, those of the last
/// layer, then of the one before it. kFinal: the last layer's results are scaled by 1/N, and canonical.
template <typename Class, int kLayers, int kSets, int kLog2Entry, bool kFinal>
inline void layers(Vec (*v)[1 << kLayers], const VecRoot (*w)[(1 << kLayers) - 1], const Inverse& f) {
  static constexpr Bounds<kLayers> kBounds(Class::kLog2Limit, Class::kLog2Reduced, kLog2Entry);
#pragma GCC unroll 16
  for (int layer = 0; layer < kLayers; ++layer) {
    const int half = 1 << layer;
#pragma GCC unroll 16
    for (int i = 0; i < 1 << (kLayers - 1); ++i) {
      const int block = i / half;
      const int left = block * half + i;
#pragma GCC unroll 2
      for (int k = 0; k < kSets; ++k) {
        Vec x = v[k][left], y = v[k][left + half];
        if (kBounds.reduce[layer][left]) {
          x = Class::reduce(x, f.m);
          y = Class::reduce(y, f.m);
        }
        const Vec bound = _mm512_slli_epi64(f.m.q, static_cast<unsigned>(kBounds.sum[layer][left] - 1));
        const Vec difference = add(sub(x, y), bound);
        if (kFinal && layer == kLayers - 1) {
          v[k][left] = Class::finish(Class::multiply(add(x, y), f.scale, f.m), f.m);
          v[k][left + half] = Class::finish(Class::multiply(difference, f.scaled_root, f.m), f.m);
        } else {
          v[k][left] = add(x, y);
          v[k][left + half] =
              Class::multiply(difference, w[k][(1 << (kLayers - 1 - layer)) - 1 + block], f.m);
        }
      }
    }
  }
}

/// Reduces the values that came out of layers() above the bound of the next pass.
template <typename Class, int kLayers, int kLog2Entry>
inline void leave(Vec (&v)[1 << kLayers], const Inverse& f) {
  static constexpr Bounds<kLayers> kBounds(Class::kLog2Limit, Class::kLog2Reduced, kLog2Entry);
#pragma GCC unroll 16
  for (int i = 0; i < 1 << kLayers; ++i)
    if (kBounds.end[static_cast<std::size_t>(i)] > Class::kLog2Between) v[i] = Class::reduce(v[i], f.m);
}

template <typename Class, int kLayers, bool kFinal>
void pass(const Inverse& inverse, std::size_t node, u64* x, std::size_t distance) {
  constexpr int kStreams = 1 << kLayers;
  const Inverse f = inverse;
  VecRoot w[kStreams - 1];
  load_roots<kLayers>(f.roots.upper(), node, w);
  for (std::size_t j = 0; j < distance; j += 8) {
    Vec v[kStreams];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kStreams; ++i) v[i] = load(x + i * distance + j);
    layers<Class, kLayers, 1, Class::kLog2Between, kFinal>(&v, &w, f);
    if constexpr (!kFinal) leave<Class, kLayers, Class::kLog2Between>(v, f);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kStreams; ++i) store(x + i * distance + j, v[i]);
  }
}

/// The first six layers of `count` consecutive groups of 64 canonical values: three layers between what
/// a transposition makes vectors of, three layers between the vectors it came from. Two groups at a time,
/// as in the forward transform; `count` is even.
template <typename Class>
void first_pass(const Inverse& inverse, std::size_t group, std::size_t count, u64* x) {
  // The most that three layers make of canonical values; every vector has lanes of all eight bounds.
  constexpr int kMiddle = Class::kLog2Limit < 3 ? Class::kLog2Limit : 3;
  const Inverse f = inverse;
  for (const std::size_t end = group + count; group != end; group += 2, x += 128) {
    Vec v[2][8];
    VecRoot w[2][7];
    const u64* lower = f.roots.lower() + group * VectorRoots::kLowerGroupWords;
    prefetch_lower_roots(lower);
#pragma GCC unroll 2
    for (std::size_t k = 0; k < 2; ++k) {
#pragma GCC unroll 8
      for (std::size_t i = 0; i < 8; ++i) v[k][i] = load(x + 64 * k + 8 * i);
      transpose(v[k]);
#pragma GCC unroll 8
      for (std::size_t i = 0; i < 7; ++i)
        w[k][i] = VecRoot(lower + VectorRoots::kLowerGroupWords * k + 16 * i);
    }
    layers<Class, 3, 2, 0, false>(v, w, f);
#pragma GCC unroll 2
    for (std::size_t k = 0; k < 2; ++k) {
      transpose(v[k]);
      load_roots<3>(f.roots.upper(), f.degree / 64 + group + k, w[k]);
    }
    layers<Class, 3, 2, kMiddle, false>(v, w, f);
#pragma GCC unroll 2
    for (std::size_t k = 0; k < 2; ++k) {
      leave<Class, 3, kMiddle>(v[k], f);
#pragma GCC unroll 8
      for (std::size_t i = 0; i < 8; ++i) store(x + 64 * k + 8 * i, v[k][i]);
    }
  }
}

template <typename Class, bool kFinal>
void run_pass(int layers, const Inverse& f, std::size_t node, u64* x, std::size_t distance) {
  switch (layers) {
    case 1:
      return pass<Class, 1, kFinal>(f, node, x, distance);
    case 2:
      return pass<Class, 2, kFinal>(f, node, x, distance);
    case 3:
      return pass<Class, 3, kFinal>(f, node, x, distance);
    default:
      return pass<Class, 4, kFinal>(f, node, x, distance);
  }
}

/// The forward transform's order of blocks, backwards.
template <typename Class>
void ascend(const NttPasses& passes, int p, const Inverse& f, std::size_t node, u64* x, std::size_t size) {
  const int layers = passes.layers[static_cast<std::size_t>(p)];
  const std::size_t parts = std::size_t{1} << layers;
  const std::size_t part = size / parts;
  if (p + 1 == passes.count) {
    first_pass<Class>(f, node * parts - f.degree / part, parts, x);
  } else {
    for (std::size_t i = 0; i < parts; ++i)
      ascend<Class>(passes, p + 1, f, node * parts + i, x + i * part, part);
  }
  if (p == 0) return run_pass<Class, true>(layers, f, node, x, part);
  run_pass<Class, false>(layers, f, node, x, part);
}

}  // namespace

void ntt_inverse(const NttTables& tables, u64* x) noexcept {
  const NttPasses passes(tables.degree());
  const Inverse inverse(tables);
  const int bits = tables.modulus().bits();
  if (bits <= 46) return ascend<Below46>(passes, 0, inverse, 1, x, tables.degree());
  if (bits <= 48) return ascend<Below48>(passes, 0, inverse, 1, x, tables.degree());
  if (bits <= 50) return ascend<Below50>(passes, 0, inverse, 1, x, tables.degree());
  ascend<Below60>(passes, 0, inverse, 1, x, tables.degree());
}

}  // namespace cloister::ifma
