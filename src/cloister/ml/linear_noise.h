#pragma once

#include <vector>

#include "cloister/ml/noise_model.h"

namespace cloister::ml {

/// A bound on |error of x_T| of a linear training that bootstraps (LinearTrainer), in L2 and weights' units,
/// but for 2^-40; more is made of what is independent than in linear_injected_error, which bounds trainings
/// of few products. What is the same in every product, the matrix's error, is added up with the gains and the
/// size of the vectors that it meets; what products and bootstraps add anew, in squares.
///
/// `gains` is linear_gains(schedule), `renewal_gains` linear_renewal_gains of the bounds' change_scale.
double linear_training_error(const rlwe::ParametersSpec& chain, const CkksPlan& plan,
                             const JobRequest& request, const LinearSchedule& schedule,
                             const LinearStateBounds& bounds, const std::vector<double>& gains,
                             const std::vector<double>& renewal_gains, const RenewalError& renewal);

}  // namespace cloister::ml
