#pragma once

#include <cstdint>
#include <span>

#include "cloister/base/thread_pool.h"
#include "cloister/paillier/public_key.h"

namespace cloister::paillier {

/// Clear integers of any length as exponents: magnitudes [count][limbs], little-endian, and a byte for each
/// that is not 0 where it is negative. They take variable time.
struct WideExponents {
  std::span<const std::uint64_t> magnitudes;
  std::span<const std::uint8_t> negative;
  std::size_t limbs = 1;

  std::size_t size() const noexcept { return negative.size(); }
};

/// out[i] = bases[i]^exponents[i] mod n^2, residues [count][limbs of n^2]; `out` must not overlap `bases`.
/// Errors: ParametersError (lengths), InternalError (a base without an inverse under a negative exponent).
void power_vartime(const PublicKey& key, std::span<const std::uint64_t> bases, const WideExponents& exponents,
                   std::span<std::uint64_t> out, const ThreadPool& pool);

/// out[i] = product over t of columns[t][i]^exponents[t] mod n^2 for columns [terms][count][limbs of n^2]:
/// linear combinations of encrypted vectors. Cost: products of powers for the limbs of the exponents in
/// turn, those of each sign apart; and an inversion a thread.  Errors: as power_vartime.
void combine_vartime(const PublicKey& key, std::span<const std::uint64_t> columns,
                     const WideExponents& exponents, std::span<std::uint64_t> out, const ThreadPool& pool);

}  // namespace cloister::paillier
