#include "cloister/ml/schedule.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "cloister/base/error.h"
#include "cloister/ml/batches.h"

namespace cloister::ml {
namespace {

// In units of 1 / L, L = max slope * spectrum cap + ridge. With momentum m in [0, 1) the iteration on a fixed
// quadratic is stable for steps below 2 (1 + m) / (1 + 2 m), which is above 4/3 for every such m. The first
// step has no momentum after it and no error before it, so it may go to the plain gradient's limit.
constexpr double kStep = 4.0 / 3;
constexpr double kFirstStep = 2.0;
// Epochs of mini-batches with whole steps; then 1 / epoch.
constexpr double kWholeStepEpochs = 2;

void check_common(std::size_t features, int iterations, int least_iterations, double ridge) {
  if (features == 0) throw ParametersError("schedule: a model needs at least one feature");
  if (iterations < least_iterations || iterations > kMaxIterations)
    throw ParametersError("schedule: iterations must lie in [" + std::to_string(least_iterations) + ", " +
                          std::to_string(kMaxIterations) + "]; got " + std::to_string(iterations));
  if (!(ridge >= 0) || !std::isfinite(ridge))
    throw ParametersError("schedule: the ridge must be zero or a positive number");
}

}  // namespace

double default_spectrum_cap(std::size_t features) { return std::max(2.0, static_cast<double>(features) / 2); }

double spectrum_cap_or_default(std::optional<double> cap, std::size_t features) {
  if (cap && (!(*cap > 0) || !std::isfinite(*cap)))
    throw ParametersError("schedule: the spectrum cap must be positive");
  return cap.value_or(default_spectrum_cap(features));
}

double default_range(int degree) {
  if (degree <= 3) return 10;
  return degree <= 9 ? 8 : 16;
}

double steady_range(int degree) {
  switch (degree) {  // the test finds the same by search
    case 3:
      return 3.25;
    case 5:
      return 4.75;
    case 7:
      return 6.5;
    default:
      return default_range(degree);
  }
}

LogisticSchedule plan_logistic(const LogisticSpec& spec) {
  check_common(spec.features, spec.iterations, 1, spec.ridge);
  LogisticSchedule schedule;
  schedule.features = spec.features;
  schedule.ridge = spec.ridge;
  schedule.spectrum_cap = spectrum_cap_or_default(spec.spectrum_cap, spec.features);
  schedule.sigmoid = fit_sigmoid(spec.range.value_or(default_range(spec.degree)), spec.degree);
  const double curvature = schedule.sigmoid.max_slope * schedule.spectrum_cap + schedule.ridge;
  const double cap = spec.momentum_cap.value_or(spec.batches > 1 ? kSteadyMomentum : 1);
  if (!(cap >= 0) || cap > 1) throw ParametersError("schedule: the momentum cap must lie in [0, 1]");
  schedule.batches = spec.batches;
  schedule.batch = batch_order(spec.iterations, spec.batches, spec.seed);
  const double whole_steps = kWholeStepEpochs * static_cast<double>(spec.batches);
  for (int t = 0; t < spec.iterations; ++t) {
    const double fall = spec.batches > 1 && t > whole_steps ? whole_steps / t : 1;
    schedule.step.push_back((t == 0 ? kFirstStep : kStep) * fall / curvature);
    // Nesterov 1983, in its simple form
    schedule.momentum.push_back(t + 1 < spec.iterations ? std::min(cap, t / (t + 3.0)) : 0.0);
  }
  return schedule;
}

double default_margin_limit(const PolynomialFit& sigmoid) { return 0.9 * sigmoid.range; }
double default_margin_limit(const LogisticSchedule& schedule) {
  return default_margin_limit(schedule.sigmoid);
}

double LinearSchedule::residual_factor() const {
  if (lower == 0) return 1;
  return 1 / std::cosh((iterations() + 1) * std::acosh((end + lower) / (end - lower)));
}

LinearSchedule plan_linear(const LinearSpec& spec) {
  check_common(spec.features, spec.iterations, 0, spec.ridge);
  const bool fourth = spec.polynomial == LinearPolynomial::kFourthKind;
  if (fourth && spec.lower)
    throw ParametersError("schedule: the fourth kind takes no lower bound of the spectrum; drop it");
  const double upper = spec.upper.value_or(default_spectrum_cap(spec.features));
  const double lower = fourth ? 0 : spec.lower.value_or(upper / std::max(2, spec.iterations + 1));
  if (!(spec.slack >= 0) || !std::isfinite(spec.slack))
    throw ParametersError("schedule: the slack above the spectrum must be zero or a positive number");
  if (!(lower >= 0) || !(lower + spec.ridge > 0 || fourth) || !(lower < upper) || !std::isfinite(upper))
    throw ParametersError(
        "schedule: the bounds of the spectrum must satisfy 0 < lower < upper, with a ridge 0 <= lower");
  LinearSchedule schedule;
  schedule.features = spec.features;
  schedule.ridge = spec.ridge;
  schedule.lower = fourth ? 0 : lower + spec.ridge;
  schedule.upper = upper + spec.ridge;
  schedule.end = schedule.upper + spec.slack * upper;
  if (fourth) {
    schedule.start = 4 / (3 * schedule.end);
    for (int k = 1; k <= spec.iterations; ++k) {  // Lottes 2023, algorithm 3
      schedule.step.push_back((8 * k + 4) / ((2 * k + 3) * schedule.end));
      schedule.momentum.push_back((2 * k - 1) / (2 * k + 3.0));
    }
    return schedule;
  }
  const double centre = (schedule.end + schedule.lower) / 2, radius = (schedule.end - schedule.lower) / 2;
  schedule.start = 1 / centre;
  double ratio = radius / centre;  // T_k / T_{k+1} at centre / radius (Golub and Varga 1961)
  for (int k = 0; k < spec.iterations; ++k) {
    const double next = 1 / (2 * centre / radius - ratio);
    schedule.step.push_back(2 * next / radius);
    schedule.momentum.push_back(next * ratio);
    ratio = next;
  }
  return schedule;
}

LinearSpec long_linear_spec(std::size_t features, int iterations, double ridge, std::optional<double> upper,
                            std::optional<double> floor) {
  LinearSpec spec{.features = features, .iterations = iterations, .ridge = ridge, .upper = upper};
  spec.slack = kSteadySlack;
  spec.lower = floor;
  if (floor) return spec;
  if (ridge > 0) {
    spec.lower = 0;
    if (plan_linear(spec).residual_factor() <= kRidgeTolerance) return spec;
    spec.lower.reset();
  }
  spec.polynomial = LinearPolynomial::kFourthKind;
  return spec;
}

}  // namespace cloister::ml
