#pragma once

#include "cloister/ml/level_schedule.h"
#include "cloister/ml/newton_schedule.h"
#include "cloister/ml/noise_model.h"
#include "cloister/ml/plan.h"

namespace cloister::ml {

/// What NewtonTrainer adds in an iteration against the same algorithm in the clear: bounds in L2 and in
/// weights' units that all iterations keep but for 2^-40, from the noise of each operation as in
/// InjectedError, which says what is taken for granted.
struct NewtonInjectedErrors {
  /// The same every time, or not known to be otherwise: what the rows' own noise brings to every gradient,
  /// the matrix's error E in every product, and constants that are rounded. E does not know the directions in
  /// the clear, each of which it meets as any vector; that it meets their errors, too, is a product of two.
  NewtonErrors systematic;
  NewtonErrors independent;  ///< from one operation to the next
};
NewtonInjectedErrors newton_injected_errors(const rlwe::ParametersSpec& chain, const CkksPlan& plan,
                                            const JobRequest& request, const NewtonSchedule& schedule,
                                            const NewtonBounds& bounds);

/// A bound on |error of w_T|: what is systematic, added up with its gains; and the root of the sum of squares
/// of what is independent (the mean square of a sum of independent errors is the sum of theirs, whatever
/// linear maps they go through). A bootstrap adds to the weights that an iteration left.
double newton_training_error(const NewtonGains& gains, const NewtonInjectedErrors& errors,
                             const RenewalError& renewal, const LevelSchedule& levels);

}  // namespace cloister::ml
