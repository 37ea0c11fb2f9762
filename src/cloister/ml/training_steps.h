#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cloister/base/progress.h"
#include "cloister/ckks/value_bound.h"
#include "cloister/ml/level_schedule.h"
#include "cloister/ml/training_journal.h"

namespace cloister::ml {

/// What a training in runs of iterations tells of its progress: the stage "train", a note for each iteration
/// and each bootstrap.
class TrainingSteps {
 public:
  /// `units` of progress in each iteration, besides its bootstrap. `weights` is the plan's bound. The first
  /// `unnumbered` entries of the schedule are not called iterations. Borrows levels and progress.
  TrainingSteps(const LevelSchedule& levels, const std::vector<std::uint64_t>& units,
                const ckks::ValueBound& weights, Progress& progress, std::size_t unnumbered = 0);

  /// Before iteration t, counted from 0, and before its bootstrap, which comes first.
  void begin(std::size_t t, int level, bool bootstraps);
  void advance() { progress_->update("train", ++done_, total_); }

 private:
  std::size_t iterations() const { return levels_->iterations.size(); }
  std::string precision(std::size_t t) const;

  const LevelSchedule* levels_;
  ckks::ValueBound weights_;
  Progress* progress_;
  std::size_t unnumbered_;
  std::vector<std::uint64_t> starts_;
  std::uint64_t done_ = 0, total_ = 0;
};

/// Throws MismatchError unless the point is of `vectors` ciphertexts and before a renewed iteration, and
/// LevelExhaustedError where they are below the level that it starts from.
void check_point(const TrainingPoint& point, const LevelSchedule& levels, std::size_t vectors);

}  // namespace cloister::ml
