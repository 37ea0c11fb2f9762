#pragma once

#include <optional>
#include <vector>

#include "cloister/base/progress.h"
#include "cloister/circuits/bootstrapper.h"
#include "cloister/ckks/encoder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/rotations.h"
#include "cloister/ml/batches.h"
#include "cloister/ml/level_schedule.h"
#include "cloister/ml/odd_polynomial.h"
#include "cloister/ml/schedule.h"
#include "cloister/ml/strip_sums.h"
#include "cloister/ml/training_journal.h"
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
/// the products that bring operands to their levels, and cost none. With mini-batches the sums are over the
/// blocks of one batch.
///
/// Where the schedule has more iterations than there are levels for, v and w are renewed together
/// (Bootstrapper::bootstrap_two) whenever the levels are used up, and then go into the journal.
/// Source: Kim et al. 2018 (packing of whole rows, the polynomial's evaluation); ours: the strips, the
/// factored odd polynomial, the scales of state and rows, the constant term from one sum over the rows.
class LogisticTrainer {
 public:
  /// Borrows everything; without a bootstrapper all levels must be there from the start. Throws
  /// ParametersError for a degree other than 3, 5 or 7, or too few levels between two bootstraps.
  LogisticTrainer(const LogisticSchedule& schedule, const TrainingLayout& layout,
                  const ckks::Evaluator& evaluator, const ckks::Encoder& encoder,
                  const circuits::Bootstrapper* bootstrapper = nullptr);

  /// The weights w_T, state_scale times, in every row of the packing, at model_level, if the blocks come at
  /// level_schedule().rows_level(). Every strip must have the same level. Goes on from where the journal
  /// was, if it holds anything.
  ckks::Ciphertext train(const BlockSource& blocks, Progress& progress, TrainingJournal& journal) const;
  ckks::Ciphertext train(const BlockSource& blocks, Progress& progress) const;

  const LevelSchedule& level_schedule() const noexcept { return levels_; }
  /// The same for planners: of a chain with `max_level` and bootstraps, where there is a spec.
  static LevelSchedule level_schedule(const LogisticSchedule& schedule, int model_level,
                                      const std::optional<circuits::BootstrappingSpec>& bootstrapping,
                                      int max_level);

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
  class Steps;                                                       // what is told of the progress
  using StripTotals = std::vector<std::optional<ckks::Ciphertext>>;  // of products that wait
  // What u is multiplied with to be the polynomial's variable, and the polynomial in that variable.
  struct Variable {
    double unit;
    OddPolynomial polynomial;
  };
  Variable variable(int weights_level) const;
  // Blocks [first, last) and the rows in them.
  struct Batch {
    std::size_t first, last;
    double rows;
  };
  Batch batch(const BlockSource& blocks, std::size_t t) const;
  ckks::Ciphertext sum_of_rows(const BlockSource& blocks, const Batch& batch) const;
  State first_state(const ckks::Ciphertext& rows_sum, double rows) const;
  State renewed(const State& state) const;
  TrainingPoint point(const State& state, std::size_t t) const;
  State state_of(TrainingPoint point) const;
  ckks::Ciphertext scaled_margins(const ckks::Ciphertext& products, const ckks::Plaintext& mask) const;
  void add_early(StripTotals& totals, BlockStrips& strips, const ckks::Ciphertext& u,
                 const OddPolynomial& polynomial, double gain) const;
  void add_late(StripTotals& totals, BlockStrips& strips, const ckks::Ciphertext& u,
                const OddPolynomial& polynomial, double gain) const;
  ckks::Ciphertext gradient(const State& state, const BlockSource& blocks, const Batch& batch, double gain,
                            Steps& steps) const;
  State step(const State& state, const ckks::Ciphertext& rows_sum, const BlockSource& blocks, std::size_t t,
             Steps& steps) const;

  const LogisticSchedule* schedule_;
  const TrainingLayout* layout_;
  const ckks::Evaluator* evaluator_;
  const ckks::Encoder* encoder_;
  ckks::Rotations rotations_;
  StripSums sums_;
  const circuits::Bootstrapper* bootstrapper_;
  LevelSchedule levels_;
  int rows_level_;
};

}  // namespace cloister::ml
