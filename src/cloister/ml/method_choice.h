#pragma once

#include <optional>
#include <string_view>

#include "cloister/ml/newton_schedule.h"
#include "cloister/ml/schedule.h"

namespace cloister::ml {

/// How a logistic regression is trained.
enum class Method {
  kAuto,      ///< whichever takes less time to the same accuracy
  kNesterov,  ///< LogisticSchedule
  kNewton,    ///< NewtonSchedule
};
std::string_view to_string(Method method) noexcept;

/// What two methods are held to, so that they are compared at the same accuracy. Both are for a Hessian that
/// does not change, slope * G + ridge, exact for it, and what a training comes to near its fit, for any
/// spectrum of G up to the cap; Newton's for mean slopes of at least kLeastMeanSlope of the largest besides,
/// as hold unless most rows are classified almost surely. Nothing of the data is known.
enum class AccuracyMeasure {
  kDistance,  ///< largest factor of the distance to the fit (logistic_remaining): needs a ridge
  kLoss,      ///< largest excess of the loss over the fit's, for a fit of norm sqrt(2): needs nothing
};
std::string_view to_string(AccuracyMeasure measure) noexcept;

inline constexpr double kLeastMeanSlope = 0.5;

/// Math: after iteration t, |r_t(h)| or h r_t(h)^2 at its largest over curvatures h from the ridge to the
/// largest, for the residual polynomial of Nesterov's iteration.
double remaining(const LogisticSchedule& schedule, AccuracyMeasure measure);

/// Math: the same over h = slope lambda + ridge for eigenvalues lambda of G up to the cap and slopes from
/// kLeastMeanSlope c to c, with r_t(h) = (1 - (step / c) Q(lambda + ridge / c) h)^t.
double remaining(const NewtonSchedule& schedule, AccuracyMeasure measure);

/// The fewest iterations of Newton's method after which `remaining` is at most `most`; nothing where
/// `most_iterations` are too few. `spec.iterations` is not read.
std::optional<int> newton_iterations_to(NewtonSpec spec, AccuracyMeasure measure, double most,
                                        int most_iterations);

/// One side of a comparison: the cheapest plan of a method that was found, if any fits.
struct MethodCost {
  int iterations = 0, products = 0;
  std::optional<double> cost;  ///< seconds until the answer is back; bytes to upload for --small-keys
};
/// Why a plan has its method; part of what a plan says, and not of what binds it.
struct MethodComparison {
  AccuracyMeasure measure = AccuracyMeasure::kLoss;
  double most = 0;  ///< of `remaining`, that both keep to
  MethodCost nesterov, newton;
};

}  // namespace cloister::ml
