#pragma once

#include "cloister/ml/internal/operation_noise.h"

namespace cloister::ml {

/// The variance of an entry of MomentMatrix that travels entry_scale times, in the entry's own unit: a mean
/// over the rows of products of mean square 1. The same for every set of rotation keys: as of the fewest.
double moment_variance(const OperationNoise& op, const CkksPlan& plan, const JobRequest& request,
                       double entry_scale);

}  // namespace cloister::ml
