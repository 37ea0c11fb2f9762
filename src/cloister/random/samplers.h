#pragma once

#include <cstdint>
#include <span>

#include "cloister/random/prng.h"

namespace cloister {

/// Uniform residues in [0, bound), exactly unbiased (64-bit words at or above the largest multiple of
/// the bound are drawn again). Variable time in the words that are drawn again, which tell nothing of
/// those that are kept. Part of the file formats.
void sample_uniform(Prng& prng, std::uint64_t bound, std::span<std::uint64_t> out);

/// Uniform in {-1, 0, 1}; bias below 2^-62. Constant time. Used for secret keys and encryption masks.
void sample_ternary(Prng& prng, std::span<std::int8_t> out);

/// Uniform among the vectors in {-1, 0, 1} with `weight` nonzero entries; bias below 2^-40. Constant time.
/// Cost: `weight` passes over the output. Throws ParametersError if they are more than the entries.
void sample_sparse_ternary(Prng& prng, int weight, std::span<std::int8_t> out);

/// Half the bits that a centred binomial sample adds; the sample is B(21, 1/2) - B(21, 1/2).
inline constexpr int kErrorBinomialBits = 21;
/// Its variance, 21/2, so that the deviation is 3.24: at least the 3.19 of the 2024 guidelines.
inline constexpr double kErrorVariance = kErrorBinomialBits / 2.0;
/// Its largest magnitude.
inline constexpr int kErrorBound = kErrorBinomialBits;

/// RLWE errors: centred binomial, |e| <= kErrorBound. Constant time (no table, no branch).
/// Source: Alkim, Ducas, Poeppelmann, Schwabe, "Post-quantum key exchange - a new hope", 2016.
void sample_error(Prng& prng, std::span<std::int8_t> out);

/// Independent Gaussian values of deviation `sigma`, rounded to integers, |x| <= 12 sigma. For
/// flooding noise, sigma <= 2^58. Box-Muller over 53-bit uniforms; not constant time in its values,
/// which only ever hide what is about to be released.
void sample_rounded_gaussian(Prng& prng, double sigma, std::span<std::int64_t> out);

}  // namespace cloister
