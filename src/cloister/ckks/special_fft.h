#pragma once

#include <cstddef>

#include "cloister/base/memory.h"
#include "cloister/kernels/kernel_table.h"

namespace cloister::ckks {

/// The canonical embedding of real polynomials modulo X^N + 1 at the roots zeta^(5^j), j in [0, N/2), as a
/// transform of N/2 complex values in double precision, the same to the bit on every target. Arrays are of N
/// doubles: N/2 real parts, then as many imaginary ones; so coefficients lie in their natural order.
/// Immutable; 8 N bytes. Cost: (N/4) log2 (N/2) butterflies.
/// Source: Cheon, Han, Kim, Kim, Song, "Bootstrapping for approximate homomorphic encryption", 2018,
/// section 5.1.
///
/// Error: the exact transform is sqrt(N/2) times a unitary one. Relative to the Euclidean norm of all values,
/// with u = 2^-53, a butterfly's product adds at most sqrt(5) u (Brent, Percival, Zimmermann 2007), its root
/// 1.6 u, its sum u: together less than 4.9 u a stage, less than 4.9 log2 (N/2) u in the mean square of all
/// slots even if all roundings conspire, and about the square root of log2 (N/2) units as they fall.
class SpecialFft {
 public:
  SpecialFft(int log2_degree, const KernelTable& kernels);

  /// From coefficients u_k, k in [0, N), to slots. No aliasing.
  void to_slots(const double* coefficients, double* slots) const noexcept;
  /// From slots, which are overwritten, to N/2 times the coefficients. No aliasing.
  void to_coefficients(double* slots, double* coefficients) const noexcept;

 private:
  FftRoots roots() const noexcept { return {real_.size(), real_.data(), imaginary_.data()}; }

  const KernelTable* kernels_;
  Buffer<double> real_, imaginary_;
};

}  // namespace cloister::ckks
