#pragma once

#include <functional>
#include <vector>

namespace cloister::ml {

struct LevelledPolynomial {
  std::vector<double> coefficients;  ///< c_k of T_k(x / range), k = 0..largest order
  double error = 0;                  ///< its magnitude at each of the points where it equioscillates
};

/// Remez's exchange for f on [low * range, range] with the Chebyshev polynomials of the given ascending
/// orders, which must satisfy Haar's condition there. `points`, one more than the orders and descending in
/// [low, 1], are where it starts. Errors: ParametersError if f is not finite at a point or the exchange does
/// not settle.
LevelledPolynomial exchange(const std::function<double(double)>& f, double range, std::vector<int> orders,
                            double low, std::vector<double> points);

}  // namespace cloister::ml
