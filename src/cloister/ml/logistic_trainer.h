#pragma once

#include <optional>
#include <vector>

#include "cloister/base/progress.h"
#include "cloister/circuits/bootstrapper.h"
#include "cloister/ckks/encoder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ml/batches.h"
#include "cloister/ml/level_schedule.h"
#include "cloister/ml/logistic_gradient.h"
#include "cloister/ml/schedule.h"
#include "cloister/ml/training_journal.h"
#include "cloister/ml/training_layout.h"
#include "cloister/ml/training_steps.h"

namespace cloister::ml {

/// Trains a logistic regression on encrypted rows, without any secret: LogisticSchedule's iteration over
/// signed rows s_i = +-(1, x_i), features and labels both inside.
///
/// An iteration takes the gradient at the look-ahead weights v (LogisticGradient); the step, 1/n and the
/// momentum ride on what it is made of, and cost no level. With mini-batches the sums are over the blocks of
/// one batch.
///
/// Where the schedule has more iterations than there are levels for, v and w are renewed together
/// (Bootstrapper::bootstrap_two) whenever the levels are used up, and then go into the journal.
/// Source: Kim et al. 2018.
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

  /// Levels an iteration after the first consumes.
  static int levels_per_iteration(int degree) { return LogisticGradient::levels(degree); }
  /// Levels of a whole training: one for the first iteration, whose margins are zero.
  static int levels(int degree, int iterations) {
    return 1 + (iterations - 1) * levels_per_iteration(degree);
  }

 private:
  struct State {
    ckks::Ciphertext look_ahead;  // V
    ckks::Ciphertext weights;     // W, of the iteration before
  };
  BlockRange batch(const BlockSource& blocks, std::size_t t) const;
  State first_state(const ckks::Ciphertext& rows_sum, double rows) const;
  State renewed(const State& state) const;
  TrainingPoint point(const State& state, std::size_t t) const;
  State state_of(TrainingPoint point) const;
  State step(const State& state, const ckks::Ciphertext& rows_sum, const BlockSource& blocks, std::size_t t,
             TrainingSteps& steps) const;

  const LogisticSchedule* schedule_;
  const TrainingLayout* layout_;
  const ckks::Evaluator* evaluator_;
  const circuits::Bootstrapper* bootstrapper_;
  LevelSchedule levels_;
  LogisticGradient gradient_;
};

}  // namespace cloister::ml
