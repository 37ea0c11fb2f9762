#pragma once

#include <span>
#include <vector>

#include "cloister/circuits/polynomial.h"

namespace cloister::circuits::internal {

/// Coefficients in a basis, from degree 0 up; never empty.
using Coefficients = std::vector<double>;

/// Drops leading zeros, down to one coefficient.
void trim(Coefficients& coefficients);
double evaluate(Basis basis, std::span<const double> coefficients, double x);
Coefficients derivative(Basis basis, std::span<const double> coefficients);

/// p = quotient * b_power + remainder, both of lower degree than `power`, where b is the basis and
/// power <= degree(p) < 2 power.
struct Division {
  Coefficients quotient, remainder;
};
Division divide(Basis basis, std::span<const double> coefficients, std::size_t power);

/// A bound on |p(z)| for every complex z within `margin` of the real interval [-half_width, half_width]
/// (half_width is 1 in Chebyshev's basis). At most 2% above the largest value where the margin is small.
double magnitude_bound(Basis basis, std::span<const double> coefficients, double half_width, double margin);

/// The same in Chebyshev's basis where terms of odd degree are multiplied by i.
double turned_magnitude_bound(std::span<const double> coefficients, double margin);

}  // namespace cloister::circuits::internal
