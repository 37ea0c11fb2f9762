#pragma once

#include <vector>

#include "cloister/circuits/bootstrapping_noise.h"
#include "cloister/ml/level_schedule.h"
#include "cloister/ml/plan.h"

namespace cloister::ml {

/// What encrypted training adds to the weights in every iteration, and to a prediction, against the same
/// algorithm in the clear: variances of the noise of each operation (rlwe/noise.h), carried through the
/// operations as independent, which roundings and key errors of distinct operations are; then a bound that
/// all weights of all iterations keep with probability 1 - 2^-40.
/// Taken for granted, not proven: features have mean square 1 over the rows, as standardized columns have;
/// and the partial sums that the mask removes, of neighbouring rows, are at most twice the sigmoid's range; a
/// row's square norm and its square product with a direction are uncorrelated over the rows.
struct InjectedError {
  double per_iteration = 0;  ///< of the vector of weights, in L2, in weights' units
  double margin = 0;         ///< prediction_error
};

InjectedError logistic_injected_error(const rlwe::ParametersSpec& chain, const CkksPlan& plan,
                                      const JobRequest& request, const LogisticSchedule& schedule);
InjectedError linear_injected_error(const rlwe::ParametersSpec& chain, const CkksPlan& plan,
                                    const JobRequest& request, const LinearSchedule& schedule);

/// What one bootstrap adds, in L2 and in weights' units, to each of the vectors that it renews.
struct RenewalError {
  double independent = 0;  ///< from one bootstrap to the next; at most, but for 2^-40
  double systematic = 0;
};
/// `noise` is that of the plan's bootstraps over their range: circuits::bootstrapping_two_noise, or
/// circuits::bootstrapping_noise where one real vector is renewed.
RenewalError renewal_error(const CkksPlan& plan, const circuits::BootstrappingNoise& noise,
                           std::size_t features);

/// A bound on |error of w_T|: what each iteration adds times its gain, added up; of the bootstraps the root
/// of the sum of squares of what is independent (the mean square of a sum of independent errors is the sum of
/// theirs, whatever linear maps they go through) and the sum of what is not.
double logistic_training_error(double per_iteration, const RenewalError& renewal, const LevelSchedule& levels,
                               const std::vector<double>& gains, const std::vector<double>& renewal_gains);

/// Of one prediction, besides the weights' own error.
double prediction_error(const rlwe::ParametersSpec& chain, const CkksPlan& plan);

}  // namespace cloister::ml
