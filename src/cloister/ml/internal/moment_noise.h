#pragma once

#include "cloister/ml/internal/operation_noise.h"

namespace cloister::ml {

/// Key switches behind the rotation of rows or weights by less than the width, at most.
double longest_path(const CkksPlan& plan);

/// The variance of an entry of MomentMatrix that travels entry_scale times, in the entry's own unit: a mean
/// over the rows of products of mean square 1.
double moment_variance(const OperationNoise& op, const CkksPlan& plan, const JobRequest& request,
                       double entry_scale);

}  // namespace cloister::ml
