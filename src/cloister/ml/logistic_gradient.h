#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "cloister/ckks/encoder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/rotations.h"
#include "cloister/ml/odd_polynomial.h"
#include "cloister/ml/polynomial_fit.h"
#include "cloister/ml/strip_sums.h"
#include "cloister/ml/training_layout.h"

namespace cloister::ml {

/// Blocks [first, last), and the rows in them.
struct BlockRange {
  std::size_t first = 0, last = 0;
  double rows = 0;
};

/// The gradient of the logistic loss over encrypted signed rows s_i = +-(1, x_i), with a polynomial for the
/// sigmoid: what every logistic training does in an iteration.
///
/// From weights w at level l, which are first rotated to meet the strips: for each block of rows, products
/// with w, added over strips; then u = z / R for the polynomial's range R:
///  - where a row has several slots, the sum over them; a mask that keeps it, divided by R; the sum spread
///  over
///    the row; and each strip is multiplied with u and then with the polynomial's other factors;
///  - where a row has one slot, the products are u already (state_scale row_scale = 1 / R), and no mask is
///    due. Its level serves to multiply the strips with the whole polynomial, evaluated once a block.
/// So it takes the same levels either way. Then, once for all blocks, the sum over rows, which the rotations
/// leave in every row. Factors and the polynomial's leading coefficient ride on the products that bring
/// operands to their levels, and cost none.
/// Source: Kim et al. 2018 (packing of whole rows, the polynomial's evaluation); ours: the strips, the
/// factored odd polynomial, the scales of state and rows, the constant term from one sum over the rows.
class LogisticGradient {
 public:
  /// Borrows everything. Rows come at rows_level, that of any weights or above. Throws ParametersError for a
  /// polynomial of a degree other than 3, 5 or 7.
  LogisticGradient(const PolynomialFit& sigmoid, const TrainingLayout& layout,
                   const ckks::Evaluator& evaluator, const ckks::Encoder& encoder, int rows_level);

  /// Levels from the weights to the gradient: products, the polynomial, and the mask or the product with the
  /// rows.
  static int levels(int degree) { return 2 + OddPolynomial::levels(degree); }

  /// row_scale * sum s_i, in every row, at rows_level: all there is of the gradient at w = 0, and the
  /// constant part of every other.
  ckks::Ciphertext sum_of_rows(const BlockSource& blocks, const BlockRange& range) const;

  /// gain * sum (1/2 - q(z_i)) s_i, in every row of the packing, levels() below the weights, which are
  /// state_scale * w; `gain` makes up for row_scale too. `rows_sum` is sum_of_rows of the same blocks;
  /// on_block is called after each block. Throws LevelExhaustedError where the weights have too few levels.
  ckks::Ciphertext gradient(const ckks::Ciphertext& weights, const ckks::Ciphertext& rows_sum,
                            const BlockSource& blocks, const BlockRange& range, double gain,
                            const std::function<void()>& on_block) const;

  /// The same at w = 0, at `level`, below rows_level: from the sum over rows alone.
  ckks::Ciphertext first_gradient(const ckks::Ciphertext& rows_sum, double gain, int level) const {
    return evaluator_->scale_to_level(rows_sum, 0.5 * gain, level);
  }

 private:
  using StripTotals = std::vector<std::optional<ckks::Ciphertext>>;  // of products that wait
  // What u is multiplied with to be the polynomial's variable, and the polynomial in that variable.
  struct Variable {
    double unit;
    OddPolynomial polynomial;
  };
  Variable variable(int weights_level) const;
  ckks::Ciphertext scaled_margins(const ckks::Ciphertext& products, const ckks::Plaintext& mask) const;
  void add_early(StripTotals& totals, BlockStrips& strips, const ckks::Ciphertext& u,
                 const OddPolynomial& polynomial, double gain) const;
  void add_late(StripTotals& totals, BlockStrips& strips, const ckks::Ciphertext& u,
                const OddPolynomial& polynomial, double gain) const;
  ckks::Ciphertext sum_of_sigmoids(const ckks::Ciphertext& weights, const BlockSource& blocks,
                                   const BlockRange& range, double gain,
                                   const std::function<void()>& on_block) const;

  const PolynomialFit* sigmoid_;
  const TrainingLayout* layout_;
  const ckks::Evaluator* evaluator_;
  const ckks::Encoder* encoder_;
  ckks::Rotations rotations_;
  StripSums sums_;
  int rows_level_;
};

}  // namespace cloister::ml
