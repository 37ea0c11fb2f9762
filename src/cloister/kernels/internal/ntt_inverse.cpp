// The inverse transform: (x, y) to (x + y, w * (x - y)).
//
// A product has the same bound whatever it came from; a sum has twice the bound of its operands, which are
// equal, because the two operands of a butterfly have the same history. Everything must stay within the limit
// of the arithmetic: operands whose sum would not are reduced first, and at the end of a pass so is what
// exceeds the bound that the next pass expects. Which values these are is known when this is compiled
// (Bounds).
#include "cloister/kernels/internal/ntt.h"
#include "cloister/kernels/internal/targets.h"

namespace cloister::CLOISTER_KERNEL_TARGET {
namespace {

/// Sixteen streams, their roots, and bounds for differences are more than there are registers for.
using Passes = NttPasses<3>;

/// Which of 2^kLayers values have to be reduced before each layer, and log2 of the bounds after the last, as
/// multiples of q.
template <int kLayers>
struct Bounds {
  bool reduce[kLayers][1 << kLayers] = {};
  int end[1 << kLayers] = {};

  constexpr Bounds(int log2_limit, int log2_reduced, int log2_entry) {
    for (int i = 0; i < 1 << kLayers; ++i) {
      int bound = log2_entry;
      for (int layer = 0; layer < kLayers; ++layer) {
        reduce[layer][i] = bound + 1 > log2_limit;
        const int sum = (reduce[layer][i] ? log2_reduced : bound) + 1;
        bound = (i >> layer & 1) != 0 ? log2_reduced : sum;
      }
      end[i] = bound;
    }
  }
};

template <typename F>
struct Inverse {
  explicit Inverse(const NttTables& tables)
      : m(tables.modulus()),
        degree(tables.degree()),
        roots(tables.inverse_vector_roots()),
        scale(F::root(VectorRoot(tables.inverse_degree(), tables.modulus()), m)),
        scaled_root(F::root(VectorRoot(tables.scaled_inverse_root(), tables.modulus()), m)) {}

  typename F::Constants m;
  std::size_t degree;
  const VectorRoots& roots;
  typename F::Root scale;        // 1 / N
  typename F::Root scaled_root;  // the last layer's root / N
};

/// kLayers layers on kCount sets of 2^kLayers vectors; w[k] holds the roots of set k, those of the last
/// layer, then of the one before it. kFinal: the last layer's results are scaled by 1/N.
template <typename F, int kLayers, std::size_t kCount, int kLog2Entry, bool kFinal>
inline void layers(typename F::Value (*v)[1 << kLayers], const typename F::Root (*w)[(1 << kLayers) - 1],
                   const Inverse<F>& f) {
  static constexpr Bounds<kLayers> kBounds(F::kLog2Limit, F::kLog2Reduced, kLog2Entry);
#pragma GCC unroll 16
  for (int layer = 0; layer < kLayers; ++layer) {
    const int half = 1 << layer;
#pragma GCC unroll 16
    for (int i = 0; i < 1 << (kLayers - 1); ++i) {
      const int block = i / half;
      const int left = block * half + i;
#pragma GCC unroll 2
      for (std::size_t k = 0; k < kCount; ++k) {
        auto x = v[k][left], y = v[k][left + half];
        if (kBounds.reduce[layer][left]) {
          x = F::reduce(x, f.m);
          y = F::reduce(y, f.m);
        }
        const auto sum = add(x, y);
        const auto difference = F::difference(x, y, f.m);
        if (kFinal && layer == kLayers - 1) {
          v[k][left] = F::multiply(sum, f.scale, f.m);
          v[k][left + half] = F::multiply(difference, f.scaled_root, f.m);
        } else {
          v[k][left] = sum;
          v[k][left + half] = F::multiply(difference, w[k][(1 << (kLayers - 1 - layer)) - 1 + block], f.m);
        }
      }
    }
  }
}

/// Reduces the values that came out of layers() above the bound of the next pass.
template <typename F, int kLayers, int kLog2Entry>
inline void leave(typename F::Value (&v)[1 << kLayers], const typename F::Constants& m) {
  static constexpr Bounds<kLayers> kBounds(F::kLog2Limit, F::kLog2Reduced, kLog2Entry);
#pragma GCC unroll 16
  for (int i = 0; i < 1 << kLayers; ++i)
    if (kBounds.end[i] > F::kLog2Between) v[i] = F::reduce(v[i], m);
}

/// kLayers layers of `columns` of 2^kLayers streams below a node. kFinal: they are the transform's last, and
/// leave canonical residues. kAhead: asks for the lines that are read for the columns after these.
template <typename F, int kLayers, bool kFinal, bool kAhead>
void pass(const Inverse<F>& inverse, std::size_t node, const u64* in, std::size_t in_distance, u64* out,
          std::size_t out_distance, std::size_t columns) {
  constexpr std::size_t kStreams = std::size_t{1} << kLayers;
  const Inverse<F> f = inverse;
  typename F::Root w[kStreams - 1];
  load_roots<F, kLayers>(f.roots.upper(), node, w, f.m);
  for (std::size_t j = 0; j < columns; j += kLanes) {
    typename F::Value v[kStreams];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kStreams; ++i) {
      const u64* from = in + i * in_distance + j;
      v[i] = F::read(from);
      if constexpr (kAhead) prefetch_to_read(from + columns);
    }
    layers<F, kLayers, 1, F::kLog2Between, kFinal>(&v, &w, f);
    if constexpr (!kFinal) leave<F, kLayers, F::kLog2Between>(v, f.m);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kStreams; ++i) {
      u64* to = out + i * out_distance + j;
      if constexpr (kFinal)
        store(to, F::finish(v[i], f.m));
      else
        F::write(to, v[i]);
    }
  }
}

/// The first six layers of `count` consecutive groups of 64 canonical values, between columns and then
/// between rows, as the forward transform's last, backwards; from `in` to x. `count` is even.
template <typename F>
void first_pass(const Inverse<F>& inverse, std::size_t group, std::size_t count, const u64* in, u64* x) {
  // The most that three layers make of canonical values; every vector has lanes of all eight bounds.
  constexpr int kMiddle = F::kLog2Limit < 3 ? F::kLog2Limit : 3;
  const Inverse<F> f = inverse;
  for (const std::size_t end = group + count; group != end;
       group += kSets, in += 64 * kSets, x += 64 * kSets) {
    typename F::Value v[kSets][8];
    typename F::Root w[kSets][7];
    prefetch_lower_roots<F>({f.roots, group});
#pragma GCC unroll 2
    for (std::size_t part = 0; part < kParts; ++part) {
#pragma GCC unroll 2
      for (std::size_t k = 0; k < kSets; ++k) {
        Vec residues[8];
#pragma GCC unroll 8
        for (std::size_t i = 0; i < 8; ++i) {
          residues[i] = load(in + 64 * k + row_word(part, i));
          prefetch_to_read(in + 64 * k + row_word(part, i) + kPrefetchWords);
        }
        transpose(residues);
#pragma GCC unroll 8
        for (std::size_t i = 0; i < 8; ++i) v[k][i] = F::from_residue(residues[i]);
        load_lower_roots<F>({f.roots, group + k}, part, w[k], f.m);
      }
      layers<F, 3, kSets, 0, false>(v, w, f);
#pragma GCC unroll 2
      for (std::size_t k = 0; k < kSets; ++k) {
        transpose(v[k]);
        if constexpr (kParts != 1)
#pragma GCC unroll 8
          for (std::size_t i = 0; i < 8; ++i) F::write(x + row_word(part, i), v[k][i]);
      }
    }
#pragma GCC unroll 2
    for (std::size_t k = 0; k < kSets; ++k)
      load_roots<F, 3>(f.roots.upper(), f.degree / 64 + group + k, w[k], f.m);
#pragma GCC unroll 2
    for (std::size_t part = 0; part < kParts; ++part) {
      if constexpr (kParts != 1)
#pragma GCC unroll 8
        for (std::size_t i = 0; i < 8; ++i) v[0][i] = F::read(x + column_word(part, i));
      layers<F, 3, kSets, kMiddle, false>(v, w, f);
#pragma GCC unroll 2
      for (std::size_t k = 0; k < kSets; ++k) {
        leave<F, 3, kMiddle>(v[k], f.m);
#pragma GCC unroll 8
        for (std::size_t i = 0; i < 8; ++i) F::write(x + 64 * k + column_word(part, i), v[k][i]);
      }
    }
  }
}

template <typename F, bool kFinal>
void run_pass(int layers, const Inverse<F>& f, std::size_t node, u64* x, std::size_t distance) {
  if (layers == 1) return pass<F, 1, kFinal, false>(f, node, x, distance, x, distance, distance);
  if (layers == 2) return pass<F, 2, kFinal, false>(f, node, x, distance, x, distance, distance);
  pass<F, 3, kFinal, false>(f, node, x, distance, x, distance, distance);
}

/// The forward transform's order of blocks, backwards: the passes below one on the parts of a block of `size`
/// values, then that pass.
template <typename F, bool kFinal>
void ascend(const int* pass, const int* end, const Inverse<F>& f, std::size_t node, const u64* in, u64* x,
            std::size_t size) {
  const std::size_t parts = std::size_t{1} << *pass;
  const std::size_t part = size / parts;
  if (pass + 1 == end) {
    first_pass(f, node * parts - f.degree / part, parts, in, x);
  } else {
    for (std::size_t i = 0; i < parts; ++i)
      ascend<F, false>(pass + 1, end, f, node * parts + i, in + i * part, x + i * part, part);
  }
  run_pass<F, kFinal>(*pass, f, node, x, part);
}

/// run(F) for the arithmetic F that is the fastest for a modulus.
template <typename Run>
void choose(const Modulus& q, const Run& run) {
  if (!is_narrow(q)) return run(WideInverse());
#ifdef __AVX512IFMA__
  if (q.bits() <= 46) return run(IfmaInverse<6, 3>());
  if (q.bits() <= 48) return run(IfmaInverse<4, 2>());
  if (q.bits() <= 49) return run(IfmaInverse<3, 1>());
  run(IfmaInverse<2, 1>());
#else
  if (q.bits() <= 46) return run(FmaInverse<false, 5, 2>());
  if (q.bits() <= 48) return run(FmaInverse<true, 4, 1>());
  if (q.bits() <= 49) return run(FmaInverse<true, 3, 1>());
  run(FmaInverse<true, 2, 1>());
#endif
}

}  // namespace

void ntt_inverse(const NttTables& tables, const u64* in, u64* out) noexcept {
  if (tables.inverse_vector_roots().empty()) return scalar_kernels().ntt_inverse(tables, in, out);
  const Passes passes(tables.degree());
  choose(tables.modulus(), [&]<typename F>(F) {
    ascend<F, true>(passes.layers, passes.layers + passes.count, Inverse<F>(tables), 1, in, out,
                    tables.degree());
  });
}

void ntt_inverse_head(const NttTables& tables, std::size_t part, const u64* in, u64* out) noexcept {
  if (!splits(tables)) return scalar_kernels().ntt_inverse_head(tables, part, in, out);
  const Passes passes(tables.degree());
  choose(tables.modulus(), [&]<typename F>(F) {
    ascend<F, false>(passes.layers + 1, passes.layers + passes.count, Inverse<F>(tables), kNttParts + part,
                     in, out, tables.degree() / kNttParts);
  });
}

void ntt_inverse_tail(const NttTables& tables, const u64* in, std::size_t in_distance, u64* out,
                      std::size_t out_distance, std::size_t columns) noexcept {
  if (!splits(tables) || columns % 8 != 0)
    return scalar_kernels().ntt_inverse_tail(tables, in, in_distance, out, out_distance, columns);
  choose(tables.modulus(), [&]<typename F>(F) {
    pass<F, 3, true, true>(Inverse<F>(tables), 1, in, in_distance, out, out_distance, columns);
  });
}

}  // namespace cloister::CLOISTER_KERNEL_TARGET
