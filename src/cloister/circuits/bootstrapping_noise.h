#pragma once

#include "cloister/circuits/bootstrapper.h"

namespace cloister::circuits {

/// What a bootstrap adds to a slot's error, over the range, whatever the operand brings. Of a complex slot it
/// is the magnitude.
///
/// Every operation's rounding and key error is carried to the result by the derivative of what follows, and
/// their mean squares are added. Taken for granted, not proven: that roundings of distinct operations are
/// independent of each other and of the values, which the statistical tests of single operations and of
/// whole bootstraps agree with; and that products of two errors do not count.
struct BootstrappingNoise {
  double deviation = 0;          ///< root of the mean square, over the overflows that raising makes
  double largest_deviation = 0;  ///< the same for the slots whose overflow is the worst
  double systematic = 0;         ///< largest, of what is the same every time: the polynomial, the sines
  /// How many deviations no slot exceeds but for 2^-40. More than of a Gaussian: what is rounded has the
  /// secret's value in the slot as a factor, whose square magnitude has an exponential distribution itself.
  /// So a real error has a Laplace distribution, and a complex one of parts alike a square that is a product
  /// of two exponential ones.
  double tails = 0;

  /// On all slots, but for 2^-40.
  double bound() const noexcept { return systematic + tails * largest_deviation; }
  /// Of `count` bootstraps in a row: noise is independent from one to the next, what is systematic is not.
  BootstrappingNoise in_a_row(int count) const noexcept;
};

/// From clear numbers alone: no tables, no keys. `chain` is ckks::Parameters::chain(parameters). The operand
/// is at Bootstrapper::least_level(): what bringing it there adds is the operand's. Cost: 0.3 ms. Throws
/// ParametersError where the spec's stages do not fit its slots, or its raised levels the parameters'.
BootstrappingNoise bootstrapping_noise(const BootstrappingSpec& spec, const ckks::ParametersSpec& parameters,
                                       const rlwe::ParametersSpec& chain);
/// The same of each of the two real vectors of Bootstrapper::bootstrap_two.
BootstrappingNoise bootstrapping_two_noise(const BootstrappingSpec& spec,
                                           const ckks::ParametersSpec& parameters,
                                           const rlwe::ParametersSpec& chain);

}  // namespace cloister::circuits
