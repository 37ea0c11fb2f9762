#pragma once

// The arithmetic of each class of moduli: what a kernel is a template of. Each has
//
//   Value, Constants, Root; root(), roots()            a factor in every lane, or one a lane
//   kLowerRoots                                        which words of the latter it reads
//   from_residue(), read(), write()                    canonical integers to values; values kept in memory
//   Multiplier, Scaler, ModulusChange, SumReducer      vectors of canonical residues to such vectors
//
// and for the transforms, whose bounds stand there, a class ...Forward with lazy_layers(), enter(),
// reenter(), butterfly() and finish(), and a class ...Inverse with difference(), multiply(), reduce() and
// finish().
#include "cloister/kernels/internal/wide.h"
#ifdef __AVX512IFMA__
#include "cloister/kernels/internal/ifma.h"
#else
#include "cloister/kernels/internal/fma.h"
#endif

namespace cloister::CLOISTER_KERNEL_TARGET {

#ifdef __AVX512IFMA__
using Narrow = Ifma;
constexpr int kMinNarrowBits = 2;
#else
using Narrow = Fma;
constexpr int kMinNarrowBits = 3;
#endif

/// Whether Narrow multiplies modulo q, rather than Wide.
inline bool is_narrow(const Modulus& q) {
  return q.bits() >= kMinNarrowBits && q.bits() <= VectorRoot::kMaxNarrowBits;
}

}  // namespace cloister::CLOISTER_KERNEL_TARGET
