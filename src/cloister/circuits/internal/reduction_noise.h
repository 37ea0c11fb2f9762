#pragma once

#include <span>

#include "cloister/circuits/internal/operation_noise.h"
#include "cloister/circuits/internal/two_sines.h"

namespace cloister::circuits::internal {

/// What ModularReduction is about to do.
struct ReductionTask {
  std::span<const double> exponential;  ///< in Chebyshev's basis, without any factor
  double fit_error = 0;                 ///< of that
  int overflow = 0;
  double margin = 0;
  TwoSines sines;
  int squarings = 0;
  int level = 0;  ///< the operand's
  double gain = 0;
  ckks::Scale scale{1};
};

/// Mean squares of errors of slots of ModularReduction's operand: real ones, and such whose real and
/// imaginary parts are alike and independent.
struct OperandNoise {
  double real = 0, circular = 0;
};

/// What the reduction makes of its operand's noise and adds to it, in units of its result, m * gain, before
/// the conjugation that ends it.
struct ReductionNoise {
  double variance = 0;          ///< mean over the overflows that raising makes, and over m
  double largest_variance = 0;  ///< over all t
  double systematic = 0;  ///< largest, of rounded constants and of the polynomial's fit; not of the sines
  double slope = 0;       ///< largest |d turned / d operand|
};

/// By differentiation: the circuit is walked in the clear at a grid of t = I + m, all |I| <= overflow and
/// |m| <= margin; then backwards, which gives the derivative of the result by every value on the way. Every
/// value that is rounded adds its error's variance times the square of that. Taken for granted: that
/// roundings are independent of each other and of the values, and that products of two errors do not count,
/// which are 2^-20 of one. Between points of the grid, which are m = 0 and the ends of the range for each I,
/// the variance changes little: it follows |z|, which is 1, and the basis polynomials on a 2^-10 of their
/// interval. Cost: some dozen operations a rounding and point; 0.3 ms.
ReductionNoise reduction_noise(const ReductionTask& task, const OperationNoise& operations,
                               const OperandNoise& operand);

}  // namespace cloister::circuits::internal
