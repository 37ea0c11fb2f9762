#include "cloister/ml/level_schedule.h"

#include <algorithm>
#include <string>

#include "cloister/base/error.h"

namespace cloister::ml {
namespace {

// Where a run may end at the lowest, so that the weights of before, a level lower, can be bootstrapped.
int least_end(const circuits::BootstrappingSpec& spec) { return spec.slots_to_coefficients + 1; }
// Where a bootstrap of two vectors ends.
int below_highest(const circuits::BootstrappingSpec& spec) { return 1 + spec.repetition_levels(); }

}  // namespace

int LevelSchedule::renewals() const {
  return static_cast<int>(std::ranges::count_if(iterations, [](const Iteration& i) { return i.renewed; }));
}

int LevelSchedule::levels_for_runs(int run, int each, const circuits::BootstrappingSpec& spec) {
  return least_end(spec) + run * each + below_highest(spec);
}

LevelSchedule LevelSchedule::within_levels(int iterations, int each, int model_level) {
  LevelSchedule out;
  for (int left = iterations - 1; left >= 0; --left)
    out.iterations.push_back({model_level + (left + (out.iterations.empty() ? 0 : 1)) * each, false});
  out.iterations.front().start += 1;
  return out;
}

LevelSchedule LevelSchedule::with_bootstraps(int iterations, int each, int model_level,
                                             const circuits::BootstrappingSpec& spec, int max_level) {
  return in_runs(iterations, {.each = each,
                              .least_end = least_end(spec),
                              .top = max_level - below_highest(spec),
                              .max_level = max_level,
                              .model_level = model_level});
}

LevelSchedule LevelSchedule::in_runs(int iterations, const Runs& runs) {
  // Of how many iterations a run is at most that starts at a level and ends at or above another.
  const auto longest = [&](int from, int end) { return std::max(from - end, 0) / runs.each; };
  const int after_first = std::min(runs.max_level - runs.first, runs.top);
  if (longest(runs.top, runs.least_end) < 1 || longest(runs.top, runs.model_level) < 1 ||
      after_first < (iterations > 1 ? runs.least_end : runs.model_level))
    throw ParametersError("training: " + std::to_string(runs.max_level) + " levels leave no iteration of " +
                          std::to_string(runs.each) + " between two bootstraps");
  LevelSchedule out;
  out.iterations.push_back({runs.model_level + runs.first, false});
  bool first = true;
  for (int left = iterations - 1; left > 0; first = false) {
    const int from = first ? after_first : runs.top;
    const bool ends = left <= longest(from, runs.model_level);
    // What is not the last run leaves one iteration for it: its end may be too low for the model.
    const int run = ends ? left : std::min(longest(from, runs.least_end), left - 1);
    int level = (ends ? runs.model_level : runs.least_end) + run * runs.each;
    if (first) out.iterations.front().start = level + runs.first;
    for (int i = 0; i < run; ++i, level -= runs.each) out.iterations.push_back({level, i == 0 && !first});
    left -= run;
  }
  return out;
}

}  // namespace cloister::ml
