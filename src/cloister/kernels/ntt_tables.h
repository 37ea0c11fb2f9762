#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cloister/kernels/vector_roots.h"
#include "cloister/math/modulus.h"

namespace cloister {

/// Constants of the negacyclic transform of degree N modulo one prime q = 1 mod 2N. Immutable.
/// Memory: 64 N bytes, half of them for kernels on vectors; 32 N where N is below 128.
class NttTables {
 public:
  /// N a power of two in [8, 2^17]; throws ParametersError when q has no 2N-th root of unity.
  NttTables(std::size_t degree, const Modulus& modulus);

  std::size_t degree() const noexcept { return degree_; }
  const Modulus& modulus() const noexcept { return modulus_; }
  /// psi^brv(i), i in [0, N): psi a primitive 2N-th root, brv the bit reversal of log2 N bits.
  const ShoupFactor* roots() const noexcept { return roots_.data(); }
  /// psi^-brv(i).
  const ShoupFactor* inverse_roots() const noexcept { return inverse_roots_.data(); }
  const ShoupFactor& inverse_degree() const noexcept { return inverse_degree_; }
  /// psi^-brv(1) / N: the last layer's root with the scale of the inverse.
  const ShoupFactor& scaled_inverse_root() const noexcept { return scaled_inverse_root_; }

  /// The same roots for kernels on vectors; empty unless N >= 128.
  const VectorRoots& vector_roots() const noexcept { return vector_roots_; }
  const VectorRoots& inverse_vector_roots() const noexcept { return inverse_vector_roots_; }

 private:
  std::size_t degree_;
  Modulus modulus_;
  std::vector<ShoupFactor> roots_, inverse_roots_;
  ShoupFactor inverse_degree_, scaled_inverse_root_;
  VectorRoots vector_roots_, inverse_vector_roots_;
};

/// The lowest `bits` bits of x, in reverse order.
constexpr std::size_t reverse_bits(std::size_t x, int bits) noexcept {
  std::size_t out = 0;
  for (int i = 0; i < bits; ++i) out |= (x >> i & 1) << (bits - 1 - i);
  return out;
}

}  // namespace cloister
