#pragma once

#include <vector>

#include "cloister/circuits/internal/two_sines.h"
#include "cloister/circuits/polynomial_circuit.h"

namespace cloister::circuits {

/// From t = I + m to m, for an integer |I| <= overflow and a fraction |m| <= margin, on every slot. With z =
/// e^(2 pi i t), which does not see I, it is the imaginary part of a z + b z^2: a sin x + b sin 2x has its
/// cubic term where a and b want it, and is x within about x^5 / 30, evened out over the range. z itself is a
/// polynomial near e^(2 pi i t / 2^k), squared k times. Immutable.
///
/// Error: relative_error of the margin; the polynomial's, times 2^k / 2 pi; and noise. A squaring doubles
/// what noise there is, at every t alike, where a double angle of the cosine multiplies it by up to 4; and a
/// margin that may be 2^-6 instead of 2^-10 multiplies it by as much less. Source: Han, Ki 2020 (the
/// polynomial); Cheon et al. 2018 (squared exponentials). Ours: one turned polynomial for both parts of the
/// exponential, and the two sines.
class ModularReduction {
 public:
  /// Of t: see above.
  struct Range {
    int overflow = 16;
    double margin = 0x1p-6;
  };
  static constexpr int kSquarings = 3;
  static constexpr int kDegree = 31;
  /// Levels that it takes: the polynomial, the squarings, the sum of two sines.
  static constexpr int kLevels = 5 + kSquarings + 1;

  explicit ModularReduction(const Range& range);

  /// What operands are divided by: they are t / operand_unit(), at most 2.
  double operand_unit() const noexcept { return half_width_ / 2; }
  /// Largest error of m in the clear, over the margin.
  double relative_error() const noexcept { return sines_.error; }
  /// How much larger an error of m is in the result: 1 and 25 relative errors, since that is near a fifth
  /// Chebyshev polynomial.
  double slope() const noexcept { return sines_.slope; }
  /// Relinearizations; a conjugation comes on top.
  int key_switches() const noexcept { return exponential(1).key_switches() + kSquarings + 1; }

  /// Of which real_fraction and complex_fraction take the imaginary part, kLevels below an operand in normal
  /// form whose slots are real: such that m * gain results, at `scale`. Errors: LevelExhaustedError,
  /// MissingKeyError, PrecisionError.
  ckks::Ciphertext turned(const ckks::Evaluator& evaluator, const ckks::Ciphertext& operand, double gain,
                          ckks::Scale scale) const;
  /// m * gain.
  ckks::Ciphertext real_fraction(const ckks::Evaluator& evaluator, const ckks::Ciphertext& turned,
                                 double gain) const;
  /// The fraction of the first, and i times that of the second: one conjugation for both.
  ckks::Ciphertext complex_fraction(const ckks::Evaluator& evaluator, const ckks::Ciphertext& first,
                                    const ckks::Ciphertext& second, double gain) const;

 private:
  PolynomialCircuit exponential(double factor) const;
  double error_bound(const ckks::Parameters& parameters, const ckks::Ciphertext& operand, double gain,
                     ckks::Scale scale) const;
  ckks::Ciphertext with_sine_error(ckks::Ciphertext fraction, double gain, double parts) const;

  Range range_;
  internal::TwoSines sines_;
  double half_width_, fit_error_;
  std::vector<double> coefficients_;  // of the exponential
};

}  // namespace cloister::circuits
