#pragma once

#include <span>
#include <vector>

namespace cloister::ml {

/// sum c_k T_k(x) by Clenshaw's recurrence.
double evaluate_chebyshev(std::span<const double> c, double x);

/// Coefficients of d/dx sum c_k T_k(x).
std::vector<double> differentiate_chebyshev(std::span<const double> c);

/// A bound on |d^2/dx^2 sum c_k T_k(x)| over [-1, 1], by |T_k''| <= T_k''(1) = k^2 (k^2 - 1) / 3.
double curvature_bound(std::span<const double> c);

/// Coefficients of the powers of x of sum c_k T_k(x / range).
std::vector<double> to_power_basis(std::span<const double> c, double range);

}  // namespace cloister::ml
