#pragma once

#include <span>
#include <vector>

namespace cloister::circuits {

/// What the coefficients of a polynomial multiply: x^k, or the Chebyshev polynomials T_k.
enum class Basis { kPower, kChebyshev };

/// A closed interval of real numbers.
struct Interval {
  double low = -1;
  double high = 1;

  friend bool operator==(const Interval&, const Interval&) = default;
};

/// A real polynomial of one variable, in the clear. Immutable. Chebyshev's basis keeps its precision where
/// powers cancel: above degree 8 or so prefer it.
class Polynomial {
 public:
  /// sum c_k x^k. Leading zeros are dropped; all zeros is the constant 0. Throws ParametersError for no
  /// coefficient or one that is not finite.
  static Polynomial power(std::vector<double> coefficients);
  /// sum c_k T_k(u), u = (2 x - low - high) / (high - low). Also throws for low >= high.
  static Polynomial chebyshev(std::vector<double> coefficients, Interval interval = {});

  Basis basis() const noexcept { return basis_; }
  /// degree() + 1 of them, the last one not 0 unless it is alone.
  const std::vector<double>& coefficients() const noexcept { return coefficients_; }
  int degree() const noexcept { return static_cast<int>(coefficients_.size()) - 1; }
  /// Where a polynomial in Chebyshev's basis is used; [-1, 1] for powers, where it has no meaning.
  const Interval& interval() const noexcept { return interval_; }
  /// Whether x itself is the variable of the basis, so that no change of variable is due.
  bool is_scaled() const noexcept { return interval_ == Interval{}; }

  /// The value at a number in the clear, by Horner's or Clenshaw's scheme.
  double operator()(double x) const;

 private:
  Polynomial(Basis basis, std::vector<double> coefficients, Interval interval);

  Basis basis_;
  std::vector<double> coefficients_;
  Interval interval_;
};

}  // namespace cloister::circuits
