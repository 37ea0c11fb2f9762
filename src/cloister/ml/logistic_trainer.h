#pragma once

#include <vector>

#include "cloister/base/progress.h"
#include "cloister/ckks/encoder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/rotations.h"
#include "cloister/ml/odd_polynomial.h"
#include "cloister/ml/schedule.h"
#include "cloister/ml/strip_sums.h"
#include "cloister/ml/training_layout.h"

namespace cloister::ml {

/// Trains a logistic regression on encrypted rows, without any secret: LogisticSchedule's iteration over
/// signed rows s_i = +-(1, x_i), features and labels both inside.
///
/// An iteration, from the look-ahead weights v at level l, which are first rotated to meet the strips: for
/// each block of rows, products with v, added over strips; then u = z / R for the polynomial's range R:
///  - where a row has several slots, the sum over them; a mask that keeps it, divided by R; the sum spread
///  over
///    the row; and each strip is multiplied with u and then with the polynomial's other factors;
///  - where a row has one slot, the products are u already (state_scale row_scale = 1 / R), and no mask is
///    due. Its level serves to multiply the strips with the whole polynomial, evaluated once a block.
/// So an iteration takes the same levels either way. Then, once for all blocks, the sum over rows, which the
/// rotations leave in every row. The step, 1/n, the momentum and the polynomial's leading coefficient ride on
/// the products that bring operands to their levels, and cost none.
/// Source: Kim et al. 2018 (packing of whole rows, the polynomial's evaluation); ours: the strips, the
/// factored odd polynomial, the scales of state and rows, the constant term from one sum over the rows.
class LogisticTrainer {
 public:
  /// Borrows everything. Throws ParametersError for a degree other than 3, 5 or 7, or for mini-batches.
  LogisticTrainer(const LogisticSchedule& schedule, const TrainingLayout& layout,
                  const ckks::Evaluator& evaluator, const ckks::Encoder& encoder);

  /// The weights w_T, state_scale times, in every row of the packing; level = model_level if the blocks
  /// come at level levels(degree, T) + model_level. Every strip must have the same level.
  ckks::Ciphertext train(const BlockSource& blocks, Progress& progress) const;

  /// Levels an iteration after the first consumes: products, the polynomial, and the mask or the product
  /// with the rows.
  static int levels_per_iteration(int degree) { return 2 + OddPolynomial::levels(degree); }
  /// Levels of a whole training: one for the first iteration, whose margins are zero.
  static int levels(int degree, int iterations) {
    return 1 + (iterations - 1) * levels_per_iteration(degree);
  }

 private:
  struct State {
    ckks::Ciphertext look_ahead;  // V
    ckks::Ciphertext weights;     // W, of the iteration before
  };
  using StripTotals = std::vector<std::optional<ckks::Ciphertext>>;  // of products that wait
  // What u is multiplied with to be the polynomial's variable, and the polynomial in that variable.
  struct Variable {
    double unit;
    OddPolynomial polynomial;
  };
  Variable variable(int weights_level) const;
  ckks::Ciphertext sum_of_rows(const BlockSource& blocks) const;
  ckks::Ciphertext scaled_margins(const ckks::Ciphertext& products, const ckks::Plaintext& mask) const;
  void add_early(StripTotals& totals, BlockStrips& strips, const ckks::Ciphertext& u,
                 const OddPolynomial& polynomial, double gain) const;
  void add_late(StripTotals& totals, BlockStrips& strips, const ckks::Ciphertext& u,
                const OddPolynomial& polynomial, double gain) const;
  ckks::Ciphertext gradient(const State& state, const BlockSource& blocks, std::size_t t, double gain,
                            Progress& progress) const;
  State step(const State& state, const ckks::Ciphertext& rows_sum, const BlockSource& blocks, std::size_t t,
             Progress& progress) const;

  const LogisticSchedule* schedule_;
  const TrainingLayout* layout_;
  const ckks::Evaluator* evaluator_;
  const ckks::Encoder* encoder_;
  ckks::Rotations rotations_;
  StripSums sums_;
  int rows_level_;  // where training has to start to end at the model's level
};

}  // namespace cloister::ml
