#pragma once

#include <optional>
#include <vector>

#include "cloister/circuits/bootstrapper.h"

namespace cloister::circuits {

/// What a bootstrap adds to a slot's error, over the range, whatever the operand brings; of a complex slot in
/// magnitude. The dominant part is noise: every operation's rounding and key error, carried to the result by
/// the derivative of what follows, mean squares added (internal/reduction_noise.h for the reduction).
///
/// Taken for granted, not proven: that roundings and key errors of distinct operations are independent of
/// each other and of the values, as the measured variances of single operations and of whole bootstraps are;
/// and that products of two errors do not count.
struct BootstrappingNoise {
  double deviation = 0;          ///< root of the mean square, over the overflows that raising makes
  double largest_deviation = 0;  ///< the same for the slots whose overflow is the worst
  double systematic = 0;         ///< largest, of what is the same every time: polynomial, sines, constants
  /// How many deviations no slot exceeds but for 2^-40, over the choice of the key too. More than of a
  /// Gaussian: what is rounded has the secret's value in the slot as a factor, whose square magnitude has an
  /// exponential distribution itself. So a real error has Laplace's distribution, and the square of a complex
  /// one of parts alike is a product of two exponential variables. What is Gaussian besides makes tails
  /// shorter.
  double tails = 0;

  /// On all slots, but for 2^-40.
  double bound() const noexcept { return systematic + tails * largest_deviation; }
  /// Of `count` bootstraps in a row, each of the last one's result: noise is independent from one to the
  /// next, but for the secret's factor; what is systematic adds up where values stay the same.
  BootstrappingNoise in_a_row(int count) const noexcept;
};

/// From clear numbers alone: no tables, no keys. `chain` is ckks::Parameters::chain(parameters). The operand
/// is at Bootstrapper::least_level(): what bringing it there adds is the operand's. Cost: half a millisecond.
/// Throws ParametersError where the spec's stages do not fit its slots, or its raised levels the parameters'.
BootstrappingNoise bootstrapping_noise(const BootstrappingSpec& spec, const ckks::ParametersSpec& parameters,
                                       const rlwe::ParametersSpec& chain);
/// The same of each of the two real vectors of Bootstrapper::bootstrap_two.
BootstrappingNoise bootstrapping_two_noise(const BootstrappingSpec& spec,
                                           const ckks::ParametersSpec& parameters,
                                           const rlwe::ParametersSpec& chain);

/// Of bootstraps with repetitions: a difference is scaled up by `factor` before the round's bootstrap.
struct RepeatedNoise {
  struct Round {
    double factor = 1;  ///< a power of two
    double error = 0;   ///< of the scaled difference, over the range: what has not the form of values
  };
  std::vector<Round> rounds;  ///< [spec.repetitions]
  BootstrappingNoise after;   ///< over the range
};

/// From what the same bootstrap adds without repetition, `once`: bootstrapping_noise, or
/// bootstrapping_two_noise where `two` are renewed. `brought` bounds the sum of the operands' errors, over
/// the range. Factors are the largest for which the scaled difference is within the range, and its noise
/// within half of Bootstrapper::kMaxRelativeError; they fall, and the noise grows, with `once`, `brought` and
/// with a smaller range. Empty where that leaves no room to scale a difference up.
std::optional<RepeatedNoise> repeated_noise(const BootstrappingNoise& once, bool two,
                                            const BootstrappingSpec& spec,
                                            const ckks::ParametersSpec& parameters,
                                            const rlwe::ParametersSpec& chain, double brought);

}  // namespace cloister::circuits
