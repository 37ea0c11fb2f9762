#pragma once

// Vectors of 64-bit lanes and what the kernels do with them: as many lanes as the target's registers have.
//
// What is included from here on lies in the namespace of the target that a file is compiled for, and no such
// file may use a function that others share: the linker could take one target's copy of it for all.
#ifdef __AVX512F__
#include "cloister/kernels/internal/vector_avx512.h"
#else
#include "cloister/kernels/internal/vector_avx2.h"
#endif

namespace cloister::CLOISTER_KERNEL_TARGET {

using u64 = std::uint64_t;

inline Vec low_bits(Vec v) { return bit_and(v, broadcast((u64{1} << 52) - 1)); }
inline Real broadcast_real(double x) { return real_of_bits(broadcast(__builtin_bit_cast(u64, x))); }

// Eight vectors are a block of kLanes by 8 lanes in memory that is 8 words wide: read by columns from one
// column of vectors, or by rows, where transpose() turns tiles of kLanes by kLanes lanes.
inline constexpr std::size_t kParts = 8 / kLanes;  // blocks of 64 words
constexpr std::size_t column_word(std::size_t part, std::size_t i) { return 8 * i + kLanes * part; }
constexpr std::size_t row_word(std::size_t part, std::size_t i) {
  return 8 * (kLanes * part + i % kLanes) + i / kLanes * kLanes;
}

inline void transpose(Real (&r)[8]) {
  Vec v[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) v[i] = bits_of(r[i]);
  transpose(v);
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) r[i] = real_of_bits(v[i]);
}

}  // namespace cloister::CLOISTER_KERNEL_TARGET
