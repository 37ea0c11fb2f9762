#include "cloister/ml/level_schedule.h"

#include <algorithm>
#include <string>

#include "cloister/base/error.h"

namespace cloister::ml {
namespace {

// Where a run may end at the lowest, so that the weights of before, a level lower, can be bootstrapped.
int least_end(const circuits::BootstrappingSpec& spec) { return spec.slots_to_coefficients + 1; }

}  // namespace

int LevelSchedule::renewals() const {
  return static_cast<int>(std::ranges::count_if(iterations, [](const Iteration& i) { return i.renewed; }));
}

int LevelSchedule::levels_for_runs(int run, int each, const circuits::BootstrappingSpec& spec) {
  return least_end(spec) + run * each + 1;  // a bootstrap of two vectors ends a level below the highest
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
  const int top = max_level - 1;
  const int longest = (top - least_end(spec)) / each, last = (top - model_level) / each;
  if (top < least_end(spec) + each || last < 1)
    throw ParametersError("training: " + std::to_string(max_level) + " levels leave no iteration of " +
                          std::to_string(each) + " between two bootstraps");
  LevelSchedule out;
  out.iterations.push_back({0, false});
  for (int left = iterations - 1; left > 0;) {
    const bool ends = left <= last;
    const int run = ends ? left : longest;
    int level = (ends ? model_level : least_end(spec)) + run * each;
    const bool first = out.iterations.size() == 1;
    if (first) out.iterations.front().start = level + 1;
    for (int i = 0; i < run; ++i, level -= each) out.iterations.push_back({level, i == 0 && !first});
    left -= run;
  }
  if (iterations == 1) out.iterations.front().start = model_level + 1;
  return out;
}

}  // namespace cloister::ml
