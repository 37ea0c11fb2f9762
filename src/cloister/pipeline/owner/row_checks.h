#pragma once

#include <span>

#include "cloister/data/matrix.h"
#include "cloister/ml/plan.h"

namespace cloister::pipeline {

// What every plan asks of rows, before anything is encrypted. The messages say where a value stands, counted
// from 0, and never what it is.

/// As many columns as the plan has, at least one row, and numbers within its bound. Errors: MismatchError,
/// ParametersError.
void check_features(const ml::JobRequest& request, const data::Matrix& features);

/// Numbers within the plan's bound, as the features. Errors: ParametersError.
void check_target(const ml::JobRequest& request, std::span<const double> target);

}  // namespace cloister::pipeline
