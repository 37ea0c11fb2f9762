#pragma once

#include <algorithm>
#include <optional>

#include "cloister/base/progress.h"
#include "cloister/circuits/bootstrapper.h"
#include "cloister/ckks/encoder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/rotations.h"
#include "cloister/ml/level_schedule.h"
#include "cloister/ml/moment_matrix.h"
#include "cloister/ml/schedule.h"
#include "cloister/ml/training_journal.h"
#include "cloister/ml/training_layout.h"

namespace cloister::ml {

/// Trains a linear or ridge regression on encrypted rows (x_i, y_i), without any secret and without a
/// division: the matrix of second moments once, then LinearSchedule's Chebyshev iteration on it.
///
/// Of D for Z = [x | y] (MomentMatrix) the rows of the features are kept; then D (x, -1 at y) = A x - b, at
/// one level a product. Ours: the target as a column of the matrix, the iteration's constants on the way down
/// of its diagonals.
///
/// Where the schedule has more products than there are levels for, x and its last change x - x_before are
/// renewed together (Bootstrapper::bootstrap_two) whenever the levels are used up, and then go into the
/// journal. An error in x alone is not taken for a change, so momentum does not grow it; and the change,
/// which is smaller, travels an integer times itself (LinearStateBounds::change_scale), for less error. The
/// matrix stays where it was made, above all vectors: so a run starts MomentMatrix::kLevels + 1 levels below
/// a fresh ciphertext's at the highest. A training that goes on from the journal makes the matrix again.
class LinearTrainer {
 public:
  /// Borrows everything; without a bootstrapper all levels must be there from the start. Throws
  /// ParametersError for too few levels between two bootstraps, InternalError for a packing without a column
  /// for the target.
  LinearTrainer(const LinearSchedule& schedule, const TrainingLayout& layout,
                const ckks::Evaluator& evaluator, const ckks::Encoder& encoder,
                const circuits::Bootstrapper* bootstrapper = nullptr);

  /// The weights x_T, state_scale times, in every row of the packing, at model_level. Blocks hold (x_i, y_i),
  /// the target in column `features`, whole in one strip, at level level_schedule().rows_level(). Goes on
  /// from where the journal was, if it holds anything.
  ckks::Ciphertext train(const BlockSource& blocks, Progress& progress, TrainingJournal& journal) const;
  ckks::Ciphertext train(const BlockSource& blocks, Progress& progress) const;

  /// Of T + 1 entries: the matrix and the first vector, then a product each.
  const LevelSchedule& level_schedule() const noexcept { return levels_; }
  /// The same for planners: of a chain with `max_level` and bootstraps, where there is a spec.
  static LevelSchedule level_schedule(const LinearSchedule& schedule, int model_level,
                                      const std::optional<circuits::BootstrappingSpec>& bootstrapping,
                                      int max_level);
  /// The fewest levels of a fresh ciphertext with which `run` products fit between two bootstraps, and one
  /// above the model's level.
  static int levels_for_runs(int run, int model_level, const circuits::BootstrappingSpec& spec) {
    return kFirstLevels + std::max(run + spec.slots_to_coefficients, model_level + 1);
  }

  /// Levels of the matrix and the first vector.
  static constexpr int kFirstLevels = MomentMatrix::kLevels + 1;
  /// Levels of a whole training without bootstraps: the matrix, the first vector, T products.
  static int levels(int iterations) { return kFirstLevels + iterations; }

  /// What the matrix's entries travel times where there are bootstraps, and scales are small: a quarter of
  /// their constants' bits, so that those stay far more precise than the scale.
  static constexpr double kEntryScale = 256;

 private:
  struct State {
    ckks::Ciphertext x;
    std::optional<ckks::Ciphertext> before;
  };
  ckks::Ciphertext gradient(const MomentMatrix& moments, const ckks::Ciphertext& x, double factor) const;
  State step(const MomentMatrix& moments, State state, std::size_t k) const;
  TrainingPoint renewed(const State& state, std::size_t t) const;
  State lowered(const TrainingPoint& point, int level) const;
  ckks::Ciphertext within_change_bound(ckks::Ciphertext change) const;

  const LinearSchedule* schedule_;
  const TrainingLayout* layout_;
  const ckks::Evaluator* evaluator_;
  const ckks::Encoder* encoder_;
  ckks::Rotations rotations_;
  const circuits::Bootstrapper* bootstrapper_;
  LevelSchedule levels_;
  int change_scale_ = 1;
  double largest_change_ = 0;
};

}  // namespace cloister::ml
