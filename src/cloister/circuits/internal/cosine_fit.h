#pragma once

#include <vector>

namespace cloister::circuits::internal {

/// What is fitted: cos(2 pi (t - 1/4) / 2^double_angles) for t within `margin` of an integer of magnitude at
/// most `overflow`, as a polynomial in v = 2 u^2 - 1, u = (t - 1/4) / half_width.
struct CosineFit {
  double half_width = 0;             ///< overflow + 1/4 + margin, so that |u| <= 1
  std::vector<double> coefficients;  ///< in Chebyshev's basis of v, degree + 1 of them
  double max_error = 0;              ///< on all of those t
};

/// The polynomial whose error, multiplied by what double angles make of it, is about the least possible.
/// Integers lie half a unit apart in |t - 1/4|, so a polynomial in its square, of half the degree, meets all
/// of them. Weighted least squares on points of every interval, reweighted towards the largest error equal
/// everywhere. Source: Han, Ki 2020 (approximation near integers alone); Lawson, "Contributions to the theory
/// of linear least maximum approximations", 1961.
CosineFit fit_cosine(int overflow, double margin, int double_angles, int degree);

}  // namespace cloister::circuits::internal
