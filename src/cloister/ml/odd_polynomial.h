#pragma once

#include <optional>
#include <vector>

#include "cloister/ckks/evaluator.h"

namespace cloister::ml {

/// A polynomial of degree 3, 5 or 7 with odd powers alone, as lead u linear(u^2) last(u^2): monic factors, so
/// that whatever is multiplied with the polynomial can take the place of a factor, and the leading
/// coefficient can ride on what is scaled anyway. `linear` is there for degree 7 only.
class OddPolynomial {
 public:
  /// The coefficients of u, u^3, ... Throws ParametersError for another number than 2, 3 or 4.
  explicit OddPolynomial(std::vector<double> coefficients);

  double lead() const noexcept { return odd_.back(); }

  struct Factors {
    std::optional<ckks::Ciphertext> linear;  ///< a level below u
    ckks::Ciphertext last;                   ///< one level below u for degree 3, two for degrees 5 and 7
  };
  Factors factors(const ckks::Evaluator& evaluator, const ckks::Ciphertext& u) const;

  /// Levels of u times the polynomial's other factors, whatever else is multiplied with u first.
  static int levels(int degree);

 private:
  std::vector<double> odd_;
};

/// y^3 + b y^2 + c y + d = (y + root) (y^2 + p y + q): always possible over the reals.
struct CubicFactors {
  double root = 0, p = 0, q = 0;
};
CubicFactors factor_monic_cubic(double b, double c, double d);

}  // namespace cloister::ml
