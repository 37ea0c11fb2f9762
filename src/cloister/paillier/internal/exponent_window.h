#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cloister::paillier::internal {

/// The bits of a number in [at, at + bits), bits < 64; what lies beyond its limbs is 0. Constant time in the
/// number.
inline std::uint64_t exponent_window(std::span<const std::uint64_t> limbs, std::size_t at, std::size_t bits) {
  const std::size_t limb = at / 64, shift = at % 64;
  if (limb >= limbs.size()) return 0;
  std::uint64_t out = limbs[limb] >> shift;
  if (shift + bits > 64 && limb + 1 < limbs.size()) out |= limbs[limb + 1] << (64 - shift);
  return out & ((std::uint64_t{1} << bits) - 1);
}

}  // namespace cloister::paillier::internal
