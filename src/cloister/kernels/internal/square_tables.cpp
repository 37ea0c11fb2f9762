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

constexpr std::size_t kAtOnce = 16, kLargestTable = 1024;

/// From one table for all lanes, or one a lane.
template <std::size_t kTables>
void select_from_rows(const u64* const* tables, std::size_t entries, std::size_t length, const u64* index,
                      u64* out) {
  alignas(64) u64 masks[kTables * kLargestTable / kAtOnce * kLanes];
  const Vec lanes = load(index);
  const std::size_t sixteens = entries / kAtOnce;
  for (std::size_t t = 0; t < kTables; ++t)
    for (std::size_t g = 0; g < sixteens; ++g) {
      Vec mask = equal(shift_right(lanes, 4), broadcast(g));
      if constexpr (kTables > 1) mask = bit_and(mask, _mm512_movm_epi64(static_cast<__mmask8>(1 << t)));
      store(masks + (t * sixteens + g) * kLanes, mask);
    }
  for (std::size_t i = 0; i < length; ++i) {
    Vec even = zero(), odd = zero();
    const auto add_sixteen = [&](Vec& sum, std::size_t t, std::size_t g) {
      const u64* row = tables[t] + i * entries + g * kAtOnce;
      sum = merge(sum, _mm512_permutex2var_epi64(load(row), lanes, load(row + kLanes)),
                  load(masks + (t * sixteens + g) * kLanes));
    };
    for (std::size_t t = 0; t < kTables; ++t) {
      std::size_t g = 0;
      for (; g + 2 <= sixteens; g += 2) {
        add_sixteen(even, t, g);
        add_sixteen(odd, t, g + 1);
      }
      if (g < sixteens) add_sixteen(even, t, g);
    }
    store(out + i * kLanes, _mm512_or_si512(even, odd));
  }
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
  select_from_rows<1>(&table, entries, length, index, out);
}

void select_by_lane(const u64* const* tables, std::size_t entries, std::size_t length, const u64* index,
                    u64* out) noexcept {
  select_from_rows<kLanes>(tables, entries, length, index, out);
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
