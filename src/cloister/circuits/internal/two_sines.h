#pragma once

#include <vector>

#include "cloister/ckks/scale.h"

namespace cloister::circuits::internal {

/// a sin x + b sin 2 x near x, for |x| <= largest.
struct TwoSines {
  double a = 0, b = 0;
  double error = 0;  ///< the largest, over the largest x
  double slope = 0;  ///< the largest
};
TwoSines two_sines(double largest) noexcept;

/// How the exponential z is scaled on its way to a z + b z^2. With y = f z of the first factor f, and factors
/// that square with what they multiply, the sum is linear y - y^2 but for the sign of the whole.
struct ReductionFactors {
  std::vector<double> factors;  ///< of z after all squarings first, of the polynomial last
  double linear = 0;

  /// Such that i times the difference of the result and its conjugate is m * gain at `scale`, where the sum
  /// is rescaled to the scale `before`.
  ReductionFactors(const TwoSines& sines, int squarings, double gain, ckks::Scale scale, ckks::Scale before);
};

}  // namespace cloister::circuits::internal
