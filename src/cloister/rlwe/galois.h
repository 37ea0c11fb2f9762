#pragma once

#include <cstdint>

namespace cloister::rlwe {

/// The Galois element of a rotation of the N/2 slots to the left by `steps` (any sign): 5^steps mod 2N.
/// Slot i of the result is slot i + steps of the operand.
inline std::uint64_t galois_element_of_rotation(std::int64_t steps, int log2_degree) noexcept {
  const std::uint64_t slots = std::uint64_t{1} << (log2_degree - 1);
  const std::uint64_t mask = 4 * slots - 1;
  std::uint64_t exponent = static_cast<std::uint64_t>(steps) & (slots - 1);
  std::uint64_t element = 1, power = 5;
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1) element = element * power & mask;
    power = power * power & mask;
  }
  return element;
}

/// The Galois element of complex conjugation of the slots: -1 mod 2N.
inline std::uint64_t galois_element_of_conjugation(int log2_degree) noexcept {
  return (std::uint64_t{2} << log2_degree) - 1;
}

/// The inverse of an odd element modulo 2N.
inline std::uint64_t inverse_galois_element(std::uint64_t element, int log2_degree) noexcept {
  const std::uint64_t mask = (std::uint64_t{2} << log2_degree) - 1;
  std::uint64_t inverse = element;  // correct to 3 bits, and each step doubles that
  for (int i = 0; i < 5; ++i) inverse = inverse * (2 - element * inverse) & mask;
  return inverse;
}

}  // namespace cloister::rlwe
