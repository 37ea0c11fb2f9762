#pragma once

#include "cloister/ml/level_schedule.h"
#include "cloister/ml/noise_model.h"
#include "cloister/ml/planner.h"

namespace cloister::ml {

// What a plan of a training takes from its schedule and its method's trainer.

inline constexpr int kMinLog2Degree = 12, kMaxLog2Degree = 17;
/// Whether rows are rotated inside themselves, so that they must be whole.
bool needs_whole_rows(const JobRequest& request) noexcept;

inline constexpr int kSteadyDegree = 7;  // whose steady_range fits the margins of a trained model
/// Whether a logistic training keeps to kSteadyMomentum and steady_range.
bool is_steady(const JobRequest& request) noexcept;

/// Levels of fresh rows, or of rows to predict, where nothing is renewed.
int levels_of(const JobRequest& request, const PlannedSchedule& schedule);
/// Whether a training has a schedule for bootstraps.
bool renews(const PlannedSchedule& schedule) noexcept;
/// Of every iteration after the first; of a linear training, of a product.
int levels_per_iteration(const PlannedSchedule& schedule);
/// The fewest levels with which `run` such iterations fit between two bootstraps.
int levels_for_runs(const PlannedSchedule& schedule, int run, const circuits::BootstrappingSpec& spec);
LevelSchedule level_schedule_of(const PlannedSchedule& schedule, const CkksPlan& ckks);
/// A bound on |error of w_T|, in L2; 0 where nothing is trained.
double training_error(const rlwe::ParametersSpec& chain, const JobRequest& request,
                      const PlannedSchedule& schedule, const CkksPlan& ckks, const RenewalError& renewal);
/// The same with what the plan's bootstraps add. What repeated ones add depends on what is brought to them,
/// and that on what they add, by powers of two: so the least bound that is its own consequence is found in a
/// few steps. Infinite where it is beyond what can be repeated.
double error_of_weights(const JobRequest& request, const PlannedSchedule& schedule, const CkksPlan& ckks,
                        FoundChains& chains);

}  // namespace cloister::ml
