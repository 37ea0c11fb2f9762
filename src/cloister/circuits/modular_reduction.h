#pragma once

#include <vector>

#include "cloister/circuits/polynomial_circuit.h"

namespace cloister::circuits {

/// From t = I + m to m, for an integer |I| <= overflow and a fraction |m| <= margin, on every slot: a
/// multiple of sin(2 pi t), as double angles of a cosine, whose slope is such that the cubic term is evened
/// out over
/// [-margin, margin]. Immutable.
///
/// Error: the sine's (2 pi margin)^2 / 24 of the margin; the cosine's polynomial, whose error double angles
/// multiply; and noise. Source: Han, Ki 2020; Bossuat et al. 2021, section 5. Changed: the cosine is fitted
/// as a polynomial of half the degree in T_2; all constants of the double angles ride on its coefficients.
class ModularReduction {
 public:
  /// Of t: see above.
  struct Range {
    int overflow = 16;
    double margin = 0x1p-10;
  };
  static constexpr int kDoubleAngles = 3;
  static constexpr int kDegree = 15;  // in T_2
  /// Levels that it takes: T_2, the polynomial, the double angles.
  static constexpr int kLevels = 1 + 4 + kDoubleAngles;

  explicit ModularReduction(const Range& range);

  /// What operands are divided by: they are t / operand_unit(), at most sqrt(2), so that a square is half of
  /// T_2 + 1.
  double operand_unit() const noexcept;
  /// Largest error of m in the clear, over the margin.
  double relative_error() const noexcept;
  int key_switches() const noexcept;

  /// m * gain, at `scale`, kLevels below an operand in normal form whose slots are real. Errors:
  /// LevelExhaustedError, MissingKeyError, PrecisionError.
  ckks::Ciphertext evaluate(const ckks::Evaluator& evaluator, const ckks::Ciphertext& operand, double gain,
                            ckks::Scale scale) const;

 private:
  PolynomialCircuit cosine(double factor) const;  // of T_2

  Range range_;
  double half_width_, fit_error_;
  std::vector<double> coefficients_;  // of the cosine, in T_2
};

}  // namespace cloister::circuits
