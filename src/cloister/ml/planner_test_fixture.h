#pragma once

#include "cloister/ml/planner.h"

namespace cloister::ml {

/// A made-up machine, so that plans do not depend on this one.
inline constexpr Calibration kMachine{.butterfly_ns = 1.5,
                                      .multiply_add_ns = 1,
                                      .stream_ns = 0.7,
                                      .sample_ns = 3,
                                      .fetch_ns = 0.3,
                                      .touch_ns = 1.5,
                                      .file_ns = 3};

inline Plan planned(const JobRequest& request) { return Planner(kMachine).plan(request); }

}  // namespace cloister::ml
