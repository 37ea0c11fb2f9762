// Base conversion into the forward transform: sums of products that are its coefficients, in registers from
// the one to the other.
#include <type_traits>

#include "cloister/kernels/internal/ntt_forward.h"
#include "cloister/kernels/internal/sums.h"
#include "cloister/kernels/internal/targets.h"

namespace cloister::CLOISTER_KERNEL_TARGET {
namespace {

/// How many sums are made side by side: the coefficients of a column, where there are registers for them.
template <typename Reducer>
constexpr std::size_t kSums = kLanes == 8 && Reducer::kVectors > 1 ? kNttParts : Reducer::kVectors;

/// kLazy: the sums enter the transform in [0, 4q), not as residues.
template <typename F, bool kLazy, typename Reducer, typename Term>
void convert(const NttTables& tables, const Reducer& reducer, std::size_t terms, std::size_t chunk,
             const Term& term, u64* out, std::size_t out_distance, std::size_t columns) {
  constexpr std::size_t kVectors = kSums<Reducer>;
  const forward::Transform<F> transform(tables);
  const typename F::Constants m = transform.forward.m;
  typename F::Root w[1][kNttParts - 1];
  load_roots<F, 3>(transform.forward.roots.upper(), 1, w[0], m);
  for (std::size_t j = 0; j < columns; j += kLanes) {
    typename F::Value v[1][kNttParts];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kNttParts; i += kVectors) {
      typename Reducer::Sum sums[kVectors];
      accumulate(reducer, terms, chunk, sums,
                 [&](std::size_t t, std::size_t k, auto& sum) { term(t, (i + k) * columns + j, sum); });
#pragma GCC unroll 8
      for (std::size_t k = 0; k < kVectors; ++k) {
        if constexpr (kLazy)
          v[0][i + k] = F::from_residue(reducer.lazy(sums[k]));
        else
          v[0][i + k] = F::from_residue(reducer(sums[k]));
      }
    }
    forward::layers<F, 3, 1, forward::Entry::kResidues>(v, w, m);
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kNttParts; ++i) {
      u64* to = out + i * out_distance + j;
      F::write(to, v[0][i]);
      prefetch_to_write(to + columns);
    }
  }
}

}  // namespace

void dot_constants_head(const NttTables& tables, const u64* const* a, const u64* constants, std::size_t terms,
                        int a_bits, u64* out, std::size_t out_distance, std::size_t columns) noexcept {
  if (!splits(tables) || columns % 8 != 0)
    return scalar_kernels().dot_constants_head(tables, a, constants, terms, a_bits, out, out_distance,
                                               columns);
  const Modulus& q = tables.modulus();
  choose_sum(q, a, constants, terms, a_bits,
             [&]<typename Reducer>(const Reducer& reducer, std::size_t chunk, const auto& term) {
               forward::choose(q, [&]<typename F>(F) {
                 if constexpr (std::is_same_v<Reducer, typename F::SumReducer>) {
                   if constexpr (requires { F::takes_sums(q, u64{}); }) {
                     if (F::takes_sums(q, static_cast<u64>(__builtin_ctzll(tables.degree()))))
                       return convert<F, true>(tables, reducer, terms, chunk, term, out, out_distance,
                                               columns);
                   }
                   convert<F, false>(tables, reducer, terms, chunk, term, out, out_distance, columns);
                 }
               });
             });
}

}  // namespace cloister::CLOISTER_KERNEL_TARGET
