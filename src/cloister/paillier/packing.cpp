#include "cloister/paillier/packing.h"

#include <gmp.h>

#include <algorithm>
#include <string>

#include "cloister/base/error.h"

namespace cloister::paillier {
namespace {

/// sum += value * 2^offset, in two's complement over all of sum's limbs.
void add_shifted(std::span<std::uint64_t> sum, Int128 value, std::size_t offset) {
  const auto bits = static_cast<unsigned __int128>(value);
  const std::size_t shift = offset % 64;
  const std::uint64_t sign = value < 0 ? ~std::uint64_t{0} : 0;
  const std::uint64_t words[3] = {static_cast<std::uint64_t>(bits << shift),
                                  static_cast<std::uint64_t>((bits << shift) >> 64),
                                  static_cast<std::uint64_t>(value >> 64 >> (63 - shift) >> 1)};
  unsigned __int128 carry = 0;
  for (std::size_t i = offset / 64; i < sum.size(); ++i) {
    const std::size_t at = i - offset / 64;
    carry += static_cast<unsigned __int128>(sum[i]) + (at < 3 ? words[at] : sign);
    sum[i] = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
}

}  // namespace

Packing Packing::single(int modulus_bits) {
  return {.slots = 1, .bits_per_slot = static_cast<std::uint32_t>(modulus_bits - 1)};
}

Packing Packing::plan(int modulus_bits, const BigInteger& bound) {
  const std::size_t bits = std::max<std::size_t>(bound.bit_length(), 1) + 1;
  const std::size_t room = static_cast<std::size_t>(modulus_bits) - 1;
  if (bits > room)
    throw PrecisionError("results of " + std::to_string(bits) + " bits do not fit a plaintext of " +
                         std::to_string(room) + "; use fewer fraction bits or a longer key");
  return {.slots = static_cast<std::uint32_t>(room / bits),
          .bits_per_slot = static_cast<std::uint32_t>(bits)};
}

Packing Packing::plan_sums(int modulus_bits, const BigInteger& bound, std::uint64_t terms) {
  return plan(modulus_bits, bound * BigInteger::from_limbs({&terms, 1}));
}

BigInteger Packing::capacity() const { return BigInteger::power_of_two(bits_per_slot - 1) - BigInteger(1); }

bool Packing::fits(int modulus_bits) const noexcept {
  return slots >= 1 && bits_per_slot >= 2 &&
         std::uint64_t{slots} * bits_per_slot <= static_cast<std::uint64_t>(modulus_bits) - 1;
}

void pack(std::span<const Int128> values, const Packing& packing, std::span<const std::uint64_t> n,
          std::span<std::uint64_t> out) {
  std::ranges::fill(out, 0);
  for (std::size_t i = 0; i < values.size(); ++i) add_shifted(out, values[i], i * packing.bits_per_slot);
  const mp_limb_t negative = out.back() >> 63;
  mpn_cnd_add_n(negative, out.data(), out.data(), n.data(), static_cast<mp_size_t>(n.size()));
}

}  // namespace cloister::paillier
