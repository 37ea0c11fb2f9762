#include "cloister/ml/odd_polynomial.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "cloister/base/error.h"

namespace cloister::ml {

CubicFactors factor_monic_cubic(double b, double c, double d) {
  const auto f = [&](double y) { return ((y + b) * y + c) * y + d; };
  // A root lies within Cauchy's bound; bisection to the last bit.
  double low = -1 - std::max({std::abs(b), std::abs(c), std::abs(d)}), high = -low;
  for (int i = 0; i < 2000 && std::nextafter(low, high) < high; ++i) {
    const double middle = low + (high - low) / 2;
    (f(middle) < 0 ? low : high) = middle;
  }
  const double y = std::abs(f(low)) < std::abs(f(high)) ? low : high;
  // Division by (y - root): y^2 + (b + root) y + (c + root (b + root)).
  return {-y, b + y, c + y * (b + y)};
}

OddPolynomial::OddPolynomial(std::vector<double> coefficients) : odd_(std::move(coefficients)) {
  levels(2 * static_cast<int>(odd_.size()) - 1);  // refuses other degrees
}

int OddPolynomial::levels(int degree) {
  switch (degree) {
    case 3:
      return 2;
    case 5:
    case 7:
      return 3;
    default:
      throw ParametersError("logistic training: the sigmoid's degree is " + std::to_string(degree) +
                            "; 3, 5 and 7 are available");
  }
}

OddPolynomial::Factors OddPolynomial::factors(const ckks::Evaluator& e, const ckks::Ciphertext& u) const {
  const double lead = odd_.back();
  auto u2 = e.square(u);
  if (odd_.size() == 2) return {{}, e.add(u2, odd_[0] / lead)};
  const auto quadratic = [&](double p, double q) {
    return e.add(e.add(e.square(u2), e.scale_to_level(u2, p, u2.level() - 1)), q);
  };
  if (odd_.size() == 3) return {{}, quadratic(odd_[1] / lead, odd_[0] / lead)};
  const CubicFactors f = factor_monic_cubic(odd_[2] / lead, odd_[1] / lead, odd_[0] / lead);
  return {e.add(u2, f.root), quadratic(f.p, f.q)};
}

}  // namespace cloister::ml
