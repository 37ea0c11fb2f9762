#pragma once

#include <cstdint>
#include <span>

#include "cloister/math/big_integer.h"
#include "cloister/paillier/fixed_point.h"

namespace cloister::paillier {

/// Several signed integers v_i in one plaintext, sum of v_i * 2^(bits_per_slot * i). Adding plaintexts
/// and multiplying them by a clear integer acts on every slot, for as long as each |v_i| stays within
/// capacity(); planning sees to that, and every operation checks it before it is done.
/// Invariant: slots * bits_per_slot <= modulus bits - 1, so |plaintext| < n / 2.
struct Packing {
  std::uint32_t slots = 1;
  std::uint32_t bits_per_slot = 2;

  /// One value a plaintext, with all its room.
  static Packing single(int modulus_bits);
  /// As many slots as hold integers of magnitude `bound`, the largest that a job will reach (sums and
  /// products included). Throws PrecisionError if not even one does.
  static Packing plan(int modulus_bits, const BigInteger& bound);
  /// The same for sums of `terms` values of magnitude `bound` each: as many guard bits as they need.
  static Packing plan_sums(int modulus_bits, const BigInteger& bound, std::uint64_t terms);

  /// The largest magnitude of a slot, 2^(bits_per_slot - 1) - 1.
  BigInteger capacity() const;
  bool fits(int modulus_bits) const noexcept;
  std::size_t ciphertexts(std::size_t values) const noexcept { return (values + slots - 1) / slots; }
  bool operator==(const Packing&) const = default;
};

/// Writes the residue modulo n of the packed values, [limbs of n]. At most packing.slots values, each
/// within capacity. Secrets: constant time in the values.
void pack(std::span<const Int128> values, const Packing& packing, std::span<const std::uint64_t> n,
          std::span<std::uint64_t> out);

}  // namespace cloister::paillier
