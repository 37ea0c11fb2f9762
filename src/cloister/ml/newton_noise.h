#pragma once

#include "cloister/ml/level_schedule.h"
#include "cloister/ml/newton_schedule.h"
#include "cloister/ml/noise_model.h"
#include "cloister/ml/plan.h"

namespace cloister::ml {

/// What NewtonTrainer adds in an iteration against the same algorithm in the clear: bounds in L2 and in
/// weights' units that all iterations keep but for 2^-40, from the noise of each operation as in
/// InjectedError, which says what is taken for granted.
///
/// The error E of the matrix is the same in every product, and so is neither independent of the weights nor
/// of itself: a product takes it for |E|, bounded by its Frobenius norm, times the largest direction there can
/// be.
NewtonErrors newton_injected_errors(const rlwe::ParametersSpec& chain, const CkksPlan& plan,
                                    const JobRequest& request, const NewtonSchedule& schedule,
                                    const NewtonBounds& bounds);

/// A bound on |error of w_T|: what the iterations add, times its gains; and of the bootstraps, each of which
/// adds to weights that an iteration left, the root of the sum of squares of what is independent and the sum
/// of what is not.
double newton_training_error(const NewtonGains& gains, const NewtonErrors& errors,
                             const RenewalError& renewal, const LevelSchedule& levels);

}  // namespace cloister::ml
