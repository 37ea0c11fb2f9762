#include "cloister/ml/internal/planned_training.h"

#include <cmath>
#include <numeric>

#include "cloister/ml/linear_noise.h"
#include "cloister/ml/linear_trainer.h"
#include "cloister/ml/logistic_trainer.h"
#include "cloister/ml/newton_noise.h"
#include "cloister/ml/newton_trainer.h"

namespace cloister::ml {

int levels_of(const JobRequest& r, const PlannedSchedule& schedule) {
  if (r.job == Job::kPredict) return kPredictionLevels;
  if (schedule.newton) return kPredictionLevels + NewtonTrainer::levels(*schedule.newton);
  return kPredictionLevels + (schedule.logistic
                                  ? LogisticTrainer::levels(schedule.logistic->sigmoid.degree(), r.iterations)
                                  : LinearTrainer::levels(r.iterations));
}

bool renews(const PlannedSchedule& schedule) noexcept {
  return schedule.logistic || schedule.newton || schedule.linear_bounds;
}

int levels_per_iteration(const PlannedSchedule& schedule) {
  if (schedule.linear) return 1;
  return schedule.newton ? NewtonTrainer::levels_per_iteration(*schedule.newton)
                         : LogisticTrainer::levels_per_iteration(schedule.logistic->sigmoid.degree());
}

int levels_for_runs(const PlannedSchedule& schedule, int run, const circuits::BootstrappingSpec& spec) {
  if (schedule.linear) return LinearTrainer::levels_for_runs(run, kPredictionLevels, spec);
  return schedule.newton ? NewtonTrainer::levels_for_runs(*schedule.newton, run, kPredictionLevels, spec)
                         : LevelSchedule::levels_for_runs(run, levels_per_iteration(schedule), spec);
}

LevelSchedule level_schedule_of(const PlannedSchedule& schedule, const CkksPlan& ckks) {
  if (schedule.linear)
    return LinearTrainer::level_schedule(*schedule.linear, ckks.model_level, ckks.bootstrapping,
                                         ckks.parameters.levels);
  if (schedule.newton)
    return NewtonTrainer::level_schedule(*schedule.newton, ckks.model_level, ckks.bootstrapping,
                                         ckks.parameters.levels);
  return LogisticTrainer::level_schedule(*schedule.logistic, ckks.model_level, ckks.bootstrapping,
                                         ckks.parameters.levels);
}

double training_error(const rlwe::ParametersSpec& chain, const JobRequest& request,
                      const PlannedSchedule& schedule, const CkksPlan& ckks, const RenewalError& renewal) {
  if (schedule.linear && ckks.bootstrapping)
    return linear_training_error(chain, ckks, request, *schedule.linear, *schedule.linear_bounds,
                                 schedule.gains, schedule.renewal_gains, renewal);
  if (schedule.linear)
    return std::accumulate(schedule.gains.begin(), schedule.gains.end(), 0.0) *
           linear_injected_error(chain, ckks, request, *schedule.linear).per_iteration;
  if (!schedule.sigmoid()) return 0;
  const LevelSchedule levels = level_schedule_of(schedule, ckks);
  if (schedule.newton)
    return newton_training_error(
        schedule.newton_gains,
        newton_injected_errors(chain, ckks, request, *schedule.newton, schedule.newton_bounds), renewal,
        levels);
  return logistic_training_error(
      logistic_injected_error(chain, ckks, request, *schedule.logistic).per_iteration, renewal, levels,
      schedule.gains, schedule.renewal_gains);
}

namespace {

// Of the vectors that a bootstrap renews, together, for an error of the weights.
double renewed_error(const PlannedSchedule& schedule, const CkksPlan& ckks, double weights_error) {
  const double one = ckks.state_scale * weights_error;
  if (schedule.newton) return one;
  return schedule.linear_bounds ? one * (1 + 2 * schedule.linear_bounds->change_scale()) : 2 * one;
}

}  // namespace

double error_of_weights(const JobRequest& request, const PlannedSchedule& schedule, const CkksPlan& ckks,
                        FoundChains& chains) {
  const rlwe::ParametersSpec chain = chains.of(ckks.parameters);
  if (!ckks.bootstrapping) return training_error(chain, request, schedule, ckks, {});
  double error = 0;
  while (true) {
    const auto noise = chains.noise(*ckks.bootstrapping, ckks.parameters,
                                    renewed_error(schedule, ckks, error) / ckks.bootstrapping->range);
    if (!noise) return INFINITY;
    const double next =
        training_error(chain, request, schedule, ckks, renewal_error(ckks, *noise, request.features + 1));
    if (ckks.bootstrapping->repetitions == 0 || next <= error) return next;
    error = next;
  }
}

}  // namespace cloister::ml
