#pragma once

#include <vector>

namespace cloister::circuits::internal {

/// e^(2 pi i t / 2^squarings) for t within `margin` of an integer of magnitude at most `overflow`, as a
/// polynomial in u = t / half_width whose terms of odd degree are multiplied by i.
struct ExponentialFit {
  double half_width = 0;             ///< overflow + margin, so that |u| <= 1
  std::vector<double> coefficients;  ///< in Chebyshev's basis, degree + 1 of them
  double max_error = 0;              ///< on all of those t, of the complex value
};

/// The polynomial of about the least largest error: least squares on points of every interval, reweighted
/// until the largest error is about equal everywhere. Source: Han, Ki 2020 (approximation near integers
/// alone); Lawson, "Contributions to the theory of linear least maximum approximations", 1961.
ExponentialFit fit_exponential(int overflow, double margin, int squarings, int degree);

/// The same by the Chebyshev series, which does not leave out what lies between integers: its error is larger
/// by bits, its coefficients are near enough to plan with, and it takes a hundredth of the time.
ExponentialFit exponential_series(int overflow, double margin, int squarings, int degree);

}  // namespace cloister::circuits::internal
