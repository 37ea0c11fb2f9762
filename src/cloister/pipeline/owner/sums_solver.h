#pragma once

#include <vector>

#include "cloister/paillier/owner/decryptor.h"

namespace cloister::pipeline {

struct SumsSolution {
  std::vector<double> weights;
  double intercept = 0;
  double error_bound = 0;  ///< of every weight and the intercept, against the same fit of the unrounded rows
  double r2 = 0;           ///< on the summed rows
};

/// Least squares with an intercept, which bears no ridge, from decrypted sums of n rows, whose last column is
/// the target:
///   (C + ridge I) w = c,  b = mean(y) - w . mean(x),  with C and c the covariances (divisor n) of the rows,
/// computed in integers and rounded once.
///
/// Math of the bound: rounding to fixed point moved every value by at most u = 2^-(f + 1), and centring makes
/// no perturbation larger. With r the root mean square residual and t = trace(C), the gradient of the
/// unrounded rows' problem at the solution is at most g = u sqrt(d) r + (sqrt(t) + u sqrt(d)) u (1 + |w|_1)
/// in L2, so |error of w|_2 <= g / m, where m bounds the least eigenvalue of the unrounded C + ridge I from
/// below, by way of the scaled condition number and Weyl's inequality for singular values. Errors:
/// PrecisionError if the columns are linearly dependent, or the bound exceeds `max_error`.
SumsSolution solve_sums(const paillier::DecryptedSums& sums, double ridge, double max_error);

}  // namespace cloister::pipeline
