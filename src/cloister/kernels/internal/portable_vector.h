#pragma once

#include <cstddef>

// Vectors of doubles as wide as the instructions that the including file is compiled for. Included only by
// such files; everything here is local to each of them.
namespace cloister::CLOISTER_KERNEL_TARGET {
namespace {

#if defined(__AVX512F__)
constexpr std::size_t kLanes = 8;
#elif defined(__AVX2__)
constexpr std::size_t kLanes = 4;
#else
constexpr std::size_t kLanes = 2;
#endif
typedef double Doubles __attribute__((vector_size(kLanes * sizeof(double))));

inline Doubles load(const double* x) {
  Doubles v;
  __builtin_memcpy(&v, x, sizeof v);
  return v;
}
inline void store(double* x, const Doubles& v) { __builtin_memcpy(x, &v, sizeof v); }

// The lanes of two vectors in turn, from their lower and from their upper halves.
#if defined(__AVX512F__)
inline Doubles zip_low(const Doubles& a, const Doubles& b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
inline Doubles zip_high(const Doubles& a, const Doubles& b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
#elif defined(__AVX2__)
inline Doubles zip_low(const Doubles& a, const Doubles& b) {
  return __builtin_shufflevector(a, b, 0, 4, 1, 5);
}
inline Doubles zip_high(const Doubles& a, const Doubles& b) {
  return __builtin_shufflevector(a, b, 2, 6, 3, 7);
}
#else
inline Doubles zip_low(const Doubles& a, const Doubles& b) { return __builtin_shufflevector(a, b, 0, 2); }
inline Doubles zip_high(const Doubles& a, const Doubles& b) { return __builtin_shufflevector(a, b, 1, 3); }
#endif

// Transposes kLanes vectors of kLanes lanes. Zipping each vector of the first half with its counterpart in
// the second rotates the bits of (vector, lane) by one; as often as there are bits in a lane's number, it
// swaps the two.
inline void transpose(Doubles (&r)[kLanes]) {
#pragma GCC unroll 3
  for (std::size_t round = 1; round < kLanes; round *= 2) {
    Doubles t[kLanes];
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kLanes / 2; ++i) {
      t[2 * i] = zip_low(r[i], r[i + kLanes / 2]);
      t[2 * i + 1] = zip_high(r[i], r[i + kLanes / 2]);
    }
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kLanes; ++i) r[i] = t[i];
  }
}

}  // namespace
}  // namespace cloister::CLOISTER_KERNEL_TARGET
