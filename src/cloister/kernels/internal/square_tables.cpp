// Tables of pairs: whole tables are read where an index is a secret.
#include "cloister/kernels/internal/square_tables.h"

#include "cloister/kernels/internal/square_blocks.h"

namespace cloister::CLOISTER_KERNEL_TARGET {
namespace {

/// All ones in the lanes in which they are equal.
Vec equal(Vec a, Vec b) { return _mm512_movm_epi64(_mm512_cmpeq_epi64_mask(a, b)); }

/// `kVectors` digits of every entry.
template <std::size_t kVectors>
void select_digits(const u64* table, std::size_t entries, std::size_t stride, Vec index, u64* out) {
  Vec found[kVectors];
#pragma GCC unroll 8
  for (Vec& v : found) v = zero();
  for (std::size_t e = 0; e < entries; ++e) {
    const Vec mask = equal(index, broadcast(e));
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kVectors; ++v)
      found[v] = merge(found[v], load(table + e * stride + v * kLanes), mask);
  }
#pragma GCC unroll 8
  for (std::size_t v = 0; v < kVectors; ++v) store(out + v * kLanes, found[v]);
}

}  // namespace

void select(const u64* table, std::size_t entries, std::size_t length, const u64* index, u64* out) noexcept {
  const Vec lanes = load(index);
  const std::size_t stride = length * kLanes;
  std::size_t i = 0;
  for (; i + 8 <= length; i += 8)
    select_digits<8>(table + i * kLanes, entries, stride, lanes, out + i * kLanes);
  for (; i < length; ++i) select_digits<1>(table + i * kLanes, entries, stride, lanes, out + i * kLanes);
}

// A permutation of two vectors takes any of 16 values to each lane; masks choose among the sixteens.
void select_shared(const u64* table, std::size_t entries, std::size_t length, const u64* index,
                   u64* out) noexcept {
  constexpr std::size_t kAtOnce = 16;
  alignas(64) u64 masks[1024 / kAtOnce * kLanes];
  const Vec lanes = load(index);
  for (std::size_t g = 0; g < entries / kAtOnce; ++g)
    store(masks + g * kLanes, equal(shift_right(lanes, 4), broadcast(g)));
  for (std::size_t i = 0; i < length; ++i) {
    const u64* row = table + i * entries;
    Vec even = zero(), odd = zero();
    std::size_t g = 0;
    const auto sixteen = [&](std::size_t at) {
      return _mm512_permutex2var_epi64(load(row + at * kAtOnce), lanes, load(row + at * kAtOnce + kLanes));
    };
    for (; g + 2 <= entries / kAtOnce; g += 2) {
      even = merge(even, sixteen(g), load(masks + g * kLanes));
      odd = merge(odd, sixteen(g + 1), load(masks + (g + 1) * kLanes));
    }
    if (g < entries / kAtOnce) even = merge(even, sixteen(g), load(masks + g * kLanes));
    store(out + i * kLanes, _mm512_or_si512(even, odd));
  }
}

void gather_rows(const u64* const* rows, std::size_t length, u64* out) noexcept {
  for (std::size_t i = 0; i < length; i += kLanes) {
    Vec block[kLanes];
#pragma GCC unroll 8
    for (std::size_t l = 0; l < kLanes; ++l) block[l] = load(rows[l] + i);
    transpose(block);
#pragma GCC unroll 8
    for (std::size_t l = 0; l < kLanes; ++l) store(out + (i + l) * kLanes, block[l]);
  }
}

void scatter_rows(const u64* in, std::size_t length, u64* const* rows) noexcept {
  for (std::size_t i = 0; i < length; i += kLanes) {
    Vec block[kLanes];
#pragma GCC unroll 8
    for (std::size_t l = 0; l < kLanes; ++l) block[l] = load(in + (i + l) * kLanes);
    transpose(block);
#pragma GCC unroll 8
    for (std::size_t l = 0; l < kLanes; ++l) store(rows[l] + i, block[l]);
  }
}

}  // namespace cloister::CLOISTER_KERNEL_TARGET
