#pragma once

#include <memory>

#include "cloister/circuits/polynomial.h"
#include "cloister/ckks/evaluator.h"

namespace cloister::circuits {

namespace internal {
struct PolynomialSchedule;
}

/// Evaluates one polynomial on the slots of ciphertexts. Immutable.
///
/// Error bound: a ciphertext of x with error e holds exactly some x' with |x' - x| <= e (complex, while
/// slots themselves are real). The operations' bounds, started from x' without error, bound what evaluation
/// adds to p(x'); and |p(x') - p(x)| <= e max |p'| over the complex neighbourhood of the interval that has
/// radius e, which internal::magnitude_bound gives. This is far tighter than to carry e through every
/// product, where the same error would be counted again in each power of x.
class PolynomialCircuit {
 public:
  explicit PolynomialCircuit(Polynomial polynomial);

  /// Levels that a polynomial of a degree takes when no change of variable is due: ceil(log2(degree + 1)).
  static int depth(int degree) noexcept;

  const Polynomial& polynomial() const noexcept { return polynomial_; }
  /// Levels that evaluate takes: depth(degree), and one more for an interval other than [-1, 1].
  int depth() const noexcept;
  /// Relinearizations that an evaluation makes; products that are added share one.
  int key_switches() const noexcept;
  int rescalings() const noexcept;

  /// p of every slot. The slots must be real, and lie in the polynomial's interval if it is in Chebyshev's
  /// basis, where calling is the caller's word for that; powers take the operand's own magnitude. Effect:
  /// depth() levels; the result's magnitude is that of p on the interval. Errors: LevelExhaustedError with
  /// the depth, MissingKeyError, PrecisionError.
  ckks::Ciphertext evaluate(const ckks::Evaluator& evaluator, const ckks::Ciphertext& operand) const;
  /// The same for an operand that was brought from the interval to [-1, 1] already, for example by a factor
  /// folded into the plaintext or weight that made it: saves evaluate's level for that.
  ckks::Ciphertext evaluate_scaled(const ckks::Evaluator& evaluator, const ckks::Ciphertext& operand) const;
  /// For a polynomial sum c_k T_k of degree 2 or more in Chebyshev's basis, and twice an operand of
  /// evaluate_scaled, for the caller to whom doubling costs nothing and the operand's noise counts half: the
  /// sum over even k of c_k T_k, and i times that over odd k. So e^(i x) is one polynomial, and costs no more
  /// than its real part.
  ckks::Ciphertext evaluate_turned(const ckks::Evaluator& evaluator, const ckks::Ciphertext& operand) const;

 private:
  ckks::Ciphertext evaluate_units(const ckks::Evaluator& evaluator, const ckks::Ciphertext& operand,
                                  double half_width, bool turned) const;
  void check_levels(int have, int need) const;

  Polynomial polynomial_;
  std::shared_ptr<const internal::PolynomialSchedule> schedule_;  // null for a constant
};

}  // namespace cloister::circuits
