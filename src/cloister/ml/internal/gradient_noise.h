#pragma once

#include "cloister/ml/internal/operation_noise.h"
#include "cloister/ml/polynomial_fit.h"

namespace cloister::ml {

/// What LogisticGradient adds, in L2 and in weights' units, to rate / n sum (1/2 - q(z_i)) s_i, where weights
/// are no larger than the plan's bound; what is taken for granted stands at InjectedError.
double gradient_error(const OperationNoise& op, const CkksPlan& plan, const JobRequest& request,
                      const PolynomialFit& sigmoid, std::size_t features, double spectrum_cap,
                      std::size_t batches, double rate);

}  // namespace cloister::ml
