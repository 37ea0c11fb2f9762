#include "cloister/circuits/polynomial.h"

#include <algorithm>
#include <cmath>

#include "cloister/base/error.h"
#include "cloister/circuits/internal/polynomial_algebra.h"

namespace cloister::circuits {

Polynomial::Polynomial(Basis basis, std::vector<double> coefficients, Interval interval)
    : basis_(basis), coefficients_(std::move(coefficients)), interval_(interval) {
  if (coefficients_.empty())
    throw ParametersError("polynomial: there are no coefficients; give at least one");
  if (!std::ranges::all_of(coefficients_, [](double c) { return std::isfinite(c); }))
    throw ParametersError("polynomial: a coefficient is not finite");
  if (!std::isfinite(interval_.low) || !std::isfinite(interval_.high) || interval_.low >= interval_.high)
    throw ParametersError("polynomial: the interval must have two finite ends, the lower first");
  internal::trim(coefficients_);
}

Polynomial Polynomial::power(std::vector<double> coefficients) {
  return Polynomial(Basis::kPower, std::move(coefficients), {});
}

Polynomial Polynomial::chebyshev(std::vector<double> coefficients, Interval interval) {
  return Polynomial(Basis::kChebyshev, std::move(coefficients), interval);
}

double Polynomial::operator()(double x) const {
  const double variable =
      is_scaled() ? x : (2 * x - interval_.low - interval_.high) / (interval_.high - interval_.low);
  return internal::evaluate(basis_, coefficients_, variable);
}

}  // namespace cloister::circuits
