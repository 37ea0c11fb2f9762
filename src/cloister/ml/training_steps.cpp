#include "cloister/ml/training_steps.h"

#include <cmath>
#include <string>

#include "cloister/base/error.h"

namespace cloister::ml {

TrainingSteps::TrainingSteps(const LevelSchedule& levels, const std::vector<std::uint64_t>& units,
                             const ckks::ValueBound& weights, Progress& progress, std::size_t unnumbered)
    : levels_(&levels), weights_(weights), progress_(&progress), unnumbered_(unnumbered) {
  for (std::size_t t = 0; t < iterations(); ++t) {
    starts_.push_back(total_);
    total_ += units[t] + (levels.iterations[t].renewed ? 1 : 0);
  }
}

void TrainingSteps::begin(std::size_t t, int level, bool bootstraps) {
  // A bootstrap comes first, and has been done when the iteration begins.
  done_ = starts_[t] + (levels_->iterations[t].renewed && !bootstraps ? 1 : 0);
  progress_->update("train", done_, total_);
  if (t < unnumbered_) return;
  progress_->note("iteration " + std::to_string(t + 1 - unnumbered_) + " of " +
                  std::to_string(iterations() - unnumbered_) +
                  (bootstraps ? ", bootstrap" : ", level " + std::to_string(level)) + precision(t));
}

// What the plan proves of the weights, over the largest that they may be. Errors add up in proportion to the
// iterations where the momentum is capped, and later ones count for more where it is not.
std::string TrainingSteps::precision(std::size_t t) const {
  if (!(weights_.error > 0) || !(weights_.magnitude > 0)) return "";
  const double share = static_cast<double>(t + 1) / static_cast<double>(iterations());
  const int bits = static_cast<int>(std::floor(std::log2(weights_.magnitude / (weights_.error * share))));
  return bits > 0 ? ", " + std::to_string(bits) + " bits" : "";
}

void check_point(const TrainingPoint& point, const LevelSchedule& levels, std::size_t vectors) {
  const auto& at = levels.iterations;
  if (point.state.size() != vectors || point.iterations >= at.size() || !at[point.iterations].renewed)
    throw MismatchError("training: the checkpoint is not one of this plan",
                        std::to_string(point.iterations) + " iterations, " +
                            std::to_string(point.state.size()) + " ciphertexts",
                        std::to_string(vectors) + ", after a bootstrap");
  for (const auto& c : point.state)
    if (c.level() < at[point.iterations].start)
      throw LevelExhaustedError("training from a checkpoint", c.level(), at[point.iterations].start);
}

}  // namespace cloister::ml
