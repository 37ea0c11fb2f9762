#pragma once

#include <vector>

#include "cloister/base/progress.h"
#include "cloister/ckks/encoder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/rotations.h"
#include "cloister/ml/schedule.h"
#include "cloister/ml/training_layout.h"

namespace cloister::ml {

/// Trains a logistic regression on encrypted rows, without any secret: LogisticSchedule's iteration over
/// signed rows s_i = +-(1, x_i), features and labels both inside.
///
/// An iteration, from the look-ahead weights v at level l, for each block of rows: products with v; sums
/// over a row's slots; a mask that keeps the sum, divided by the polynomial's range (u = z / R); the sum
/// spread over the row; x u q(u) at the depth of its degree; then the sum over rows, which the rotations
/// leave in every row. The step, 1/n, the momentum and the polynomial's leading coefficient ride on the
/// products that bring rows and weights to their levels, and cost none.
/// Source: Kim et al. 2018 (packing, the polynomial's evaluation); ours: the factored odd polynomial, the
/// state's scale, the constant term from one sum over the rows.
class LogisticTrainer {
 public:
  /// Borrows everything. Throws ParametersError for a degree other than 3, 5 or 7, or for mini-batches.
  LogisticTrainer(const LogisticSchedule& schedule, const TrainingLayout& layout,
                  const ckks::Evaluator& evaluator, const ckks::Encoder& encoder);

  /// The weights w_T, state_scale times, in every row of the packing; level = model_level if the blocks
  /// come at level levels(degree, T) + model_level. Every block must have the same level.
  ckks::Ciphertext train(const BlockSource& blocks, Progress& progress) const;

  /// Levels an iteration after the first consumes: products, mask, polynomial.
  static int levels_per_iteration(int degree);
  /// Levels of a whole training: one for the first iteration, whose margins are zero.
  static int levels(int degree, int iterations) {
    return 1 + (iterations - 1) * levels_per_iteration(degree);
  }

 private:
  struct State {
    ckks::Ciphertext look_ahead;  // V
    ckks::Ciphertext weights;     // W, of the iteration before
  };
  ckks::Ciphertext sum_of_rows(const BlockSource& blocks) const;
  ckks::Ciphertext scaled_margins(const ckks::Ciphertext& rows, const ckks::Ciphertext& look_ahead,
                                  const ckks::Plaintext& mask) const;
  ckks::Ciphertext odd_part_lazy(const ckks::Ciphertext& rows, const ckks::Ciphertext& u, double gain) const;
  State step(const State& state, const ckks::Ciphertext& rows_sum, const BlockSource& blocks, std::size_t t,
             Progress& progress) const;

  const LogisticSchedule* schedule_;
  const TrainingLayout* layout_;
  const ckks::Evaluator* evaluator_;
  const ckks::Encoder* encoder_;
  ckks::Rotations rotations_;
  std::vector<double> odd_;  // coefficients of u, u^3, ... for u = z / R
};

/// y^3 + b y^2 + c y + d = (y + root) (y^2 + p y + q): always possible over the reals.
struct CubicFactors {
  double root = 0, p = 0, q = 0;
};
CubicFactors factor_monic_cubic(double b, double c, double d);

}  // namespace cloister::ml
