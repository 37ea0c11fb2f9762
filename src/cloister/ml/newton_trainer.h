#pragma once

#include <optional>

#include "cloister/base/progress.h"
#include "cloister/circuits/bootstrapper.h"
#include "cloister/ckks/encoder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/rotations.h"
#include "cloister/ml/level_schedule.h"
#include "cloister/ml/logistic_gradient.h"
#include "cloister/ml/moment_matrix.h"
#include "cloister/ml/newton_schedule.h"
#include "cloister/ml/training_journal.h"
#include "cloister/ml/training_layout.h"
#include "cloister/ml/training_steps.h"

namespace cloister::ml {

/// Trains a logistic regression on encrypted rows by a fixed Hessian, without any secret and without a
/// division: NewtonSchedule's iteration over signed rows s_i = +-(1, x_i), as train_newton does it in the
/// clear.
///
/// The matrix of second moments comes first (MomentMatrix); then, in each iteration, the gradient over all
/// rows (LogisticGradient), k products with the matrix, and one sum: the constants of Chebyshev's iteration
/// ride on what is brought down a level with each product. Between iterations only the weights are live.
/// Where levels run out, they are renewed there (Bootstrapper::bootstrap), and then go into the journal; the
/// matrix, which is made at the rows' level, lasts for all iterations, and is made again by a training that
/// goes on from the journal, the same to the bit.
/// Source: ours; see NewtonSchedule.
class NewtonTrainer {
 public:
  /// Borrows everything; without a bootstrapper all levels must be there from the start. Throws
  /// ParametersError for a degree other than 3, 5 or 7, or too few levels between two bootstraps, and
  /// InternalError for a packing whose rows are not whole, as the matrix needs them.
  NewtonTrainer(const NewtonSchedule& schedule, const TrainingLayout& layout,
                const ckks::Evaluator& evaluator, const ckks::Encoder& encoder,
                const circuits::Bootstrapper* bootstrapper = nullptr);

  /// The weights w_T, state_scale times, in every row of the packing, at model_level, if the blocks come at
  /// level_schedule().rows_level(). Goes on from where the journal was, if it holds anything.
  ckks::Ciphertext train(const BlockSource& blocks, Progress& progress, TrainingJournal& journal) const;

  const LevelSchedule& level_schedule() const noexcept { return levels_; }
  /// The same for planners: of a chain with `max_level` and bootstraps, where there is a spec. The rows come
  /// at the level of the highest iteration at least, from which the matrix is above every product with it.
  static LevelSchedule level_schedule(const NewtonSchedule& schedule, int model_level,
                                      const std::optional<circuits::BootstrappingSpec>& bootstrapping,
                                      int max_level);
  /// The fewest levels of a fresh ciphertext with which `run` iterations fit between two bootstraps.
  static int levels_for_runs(const NewtonSchedule& schedule, int run, int model_level,
                             const circuits::BootstrappingSpec& spec);

  /// Of the matrix's diagonals: see MomentMatrix.
  static constexpr double kEntryScale = 64;

  /// Levels an iteration after the first consumes: the gradient's, and one a product.
  static int levels_per_iteration(const NewtonSchedule& schedule) {
    return LogisticGradient::levels(schedule.sigmoid.degree()) + schedule.solve.iterations();
  }
  /// Of the first, whose margins are zero: those of the matrix, above which nothing can be multiplied with
  /// it, one for the gradient, and one a product.
  static int levels_of_first(const NewtonSchedule& schedule) {
    return MomentMatrix::kLevels + 1 + schedule.solve.iterations();
  }
  /// Levels of a whole training without bootstraps.
  static int levels(const NewtonSchedule& schedule) {
    return levels_of_first(schedule) + (schedule.iterations - 1) * levels_per_iteration(schedule);
  }

 private:
  BlockRange all_blocks(const BlockSource& blocks) const;
  ckks::Ciphertext direction(const MomentMatrix& moments, const ckks::Ciphertext& start,
                             TrainingSteps& steps) const;

  const NewtonSchedule* schedule_;
  const TrainingLayout* layout_;
  const ckks::Evaluator* evaluator_;
  const ckks::Encoder* encoder_;
  ckks::Rotations rotations_;
  const circuits::Bootstrapper* bootstrapper_;
  LevelSchedule levels_;
  LogisticGradient gradient_;
  double largest_direction_;
};

}  // namespace cloister::ml
