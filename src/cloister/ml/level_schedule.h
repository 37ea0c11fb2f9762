#pragma once

#include <optional>
#include <vector>

#include "cloister/circuits/bootstrapper.h"

namespace cloister::ml {

/// At which level each iteration of a training starts, and where levels are renewed: in runs of as many
/// iterations as the levels allow, the last of which ends at the model's level.
struct LevelSchedule {
  struct Iteration {
    int start = 0;         ///< the level of the weights that it starts from
    bool renewed = false;  ///< by a bootstrap before it
  };
  std::vector<Iteration> iterations;  ///< [T]; the first starts from the rows, and takes one level

  int rows_level() const { return iterations.front().start; }
  int renewals() const;

  /// Without bootstraps: T - 1 iterations of `each` levels, above the model's level and below the first.
  static LevelSchedule within_levels(int iterations, int each, int model_level);
  /// With bootstraps of two vectors (Bootstrapper::bootstrap_two): an iteration leaves the weights of before
  /// a level below the others. Where fewer levels than there are do, a run starts lower, since that is
  /// faster. Throws ParametersError where not one iteration fits between two bootstraps.
  static LevelSchedule with_bootstraps(int iterations, int each, int model_level,
                                       const circuits::BootstrappingSpec& spec, int max_level);
  /// The same for trainings of any method.
  struct Runs {
    int first = 1;      ///< levels of the first iteration, which starts at max_level at the highest
    int each = 0;       ///< levels of every other one
    int least_end = 0;  ///< where a run may end at the lowest, so that its state can be renewed
    int top = 0;        ///< where a run may start at the highest: a renewed state's level
    int max_level = 0;
    int model_level = 0;
  };
  /// The first run may be of the first iteration alone. Throws ParametersError as with_bootstraps.
  static LevelSchedule in_runs(int iterations, const Runs& runs);
  /// The fewest levels of a fresh ciphertext with which `run` iterations fit between two bootstraps.
  static int levels_for_runs(int run, int each, const circuits::BootstrappingSpec& spec);
};

/// What a trainer that may have a bootstrapper tells its level_schedule.
inline std::optional<circuits::BootstrappingSpec> spec_of(const circuits::Bootstrapper* bootstrapper) {
  return bootstrapper == nullptr ? std::nullopt : std::optional(bootstrapper->spec());
}

}  // namespace cloister::ml
