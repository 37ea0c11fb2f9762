#include "cloister/ml/schedule.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "cloister/base/error.h"
#include "cloister/ml/internal/amplification.h"

namespace cloister::ml {
namespace {

constexpr int kMaxIterations = 100;

// In units of 1 / L, L = max slope * spectrum cap + ridge. With momentum m in [0, 1) the iteration on a fixed
// quadratic is stable for steps below 2 (1 + m) / (1 + 2 m), which is above 4/3 for every such m. The first
// step has no momentum after it and no error before it, so it may go to the plain gradient's limit.
constexpr double kStep = 4.0 / 3;
constexpr double kFirstStep = 2.0;

void check_common(std::size_t features, int iterations, int least_iterations, double ridge) {
  if (features == 0) throw ParametersError("schedule: a model needs at least one feature");
  if (iterations < least_iterations || iterations > kMaxIterations)
    throw ParametersError("schedule: iterations must lie in [" + std::to_string(least_iterations) + ", " +
                          std::to_string(kMaxIterations) + "]; got " + std::to_string(iterations));
  if (!(ridge >= 0) || !std::isfinite(ridge))
    throw ParametersError("schedule: the ridge must be zero or a positive number");
}

/// Iteration j of the schedule as a step of the error's recursion: what maps w_j, w_{j-1} to w_{j+1}.
std::vector<AmplifyingStep> amplifying_steps(const LogisticSchedule& schedule, double margin_limit) {
  const SlopeBounds slope = slope_bounds(schedule.sigmoid, margin_limit);
  const double least = schedule.ridge + std::min(slope.min, 0.0) * schedule.spectrum_cap;
  const double most = schedule.ridge + std::max(slope.max, 0.0) * schedule.spectrum_cap;
  std::vector<AmplifyingStep> steps;
  for (std::size_t j = 1; j < schedule.step.size(); ++j)
    steps.push_back({.momentum = schedule.momentum[j - 1],
                     .least = 1 - schedule.step[j] * most,
                     .most = 1 - schedule.step[j] * least});
  return steps;
}

/// The largest |value| that `iterate` meets for any eigenvalue in [from, to], where it returns a polynomial
/// of the eigenvalue of degree at most `degree`: the maximum over the extrema of T_N, N = kNodes, times the
/// most that such a polynomial can rise between them, 1 / cos(pi degree / 2N) (Ehlich and Zeller 1964).
template <typename Iterate>
double largest_over_spectrum(double from, double to, int degree, const Iterate& iterate) {
  constexpr int kNodes = 2048;
  const double pi = std::acos(-1.0);
  double largest = 0;
  for (int i = 0; i <= kNodes; ++i) {
    const double eigenvalue = from + (to - from) * (1 - std::cos(pi * i / kNodes)) / 2;
    largest = std::max(largest, std::abs(iterate(eigenvalue)));
  }
  return largest / std::cos(pi * degree / (2.0 * kNodes));
}

}  // namespace

double default_spectrum_cap(std::size_t features) { return std::max(2.0, static_cast<double>(features) / 2); }

double default_range(int degree) {
  if (degree <= 3) return 10;
  return degree <= 9 ? 8 : 16;
}

LogisticSchedule plan_logistic(const LogisticSpec& spec) {
  check_common(spec.features, spec.iterations, 1, spec.ridge);
  LogisticSchedule schedule;
  schedule.features = spec.features;
  schedule.ridge = spec.ridge;
  schedule.spectrum_cap = spec.spectrum_cap.value_or(default_spectrum_cap(spec.features));
  if (!(schedule.spectrum_cap > 0) || !std::isfinite(schedule.spectrum_cap))
    throw ParametersError("schedule: the spectrum cap must be positive");
  schedule.sigmoid = fit_sigmoid(spec.range.value_or(default_range(spec.degree)), spec.degree);
  const double curvature = schedule.sigmoid.max_slope * schedule.spectrum_cap + schedule.ridge;
  for (int t = 0; t < spec.iterations; ++t) {
    schedule.step.push_back((t == 0 ? kFirstStep : kStep) / curvature);
    schedule.momentum.push_back(t + 1 < spec.iterations ? t / (t + 3.0)
                                                        : 0.0);  // Nesterov 1983, in its simple form
  }
  return schedule;
}

double default_margin_limit(const LogisticSchedule& schedule) { return 0.9 * schedule.sigmoid.range; }

std::vector<double> logistic_gains(const LogisticSchedule& schedule, double margin_limit) {
  return amplification_gains(amplifying_steps(schedule, margin_limit));
}

double logistic_error_bound(const LogisticSchedule& schedule, double error_per_iteration,
                            double margin_limit) {
  double sum = 0;
  for (const double gain : logistic_gains(schedule, margin_limit)) sum += gain;
  return sum * error_per_iteration;
}

double logistic_weight_bound(const LogisticSchedule& schedule) {
  // With D = w' - w: D' = (1 - step ridge) momentum D + step (g - ridge w). Within the range every 1/2 - q
  // lies in
  // [-max_error, 1 + max_error], and |1/n sum p_i s_i| is at most the root of the largest eigenvalue times
  // the root mean square of the p_i.
  const double gradient = std::sqrt(schedule.spectrum_cap) * (1 + schedule.sigmoid.max_error);
  double weights = 0, difference = 0, largest = 0;
  for (std::size_t t = 0; t < schedule.step.size(); ++t) {
    const double step = schedule.step[t], momentum = t == 0 ? 0 : schedule.momentum[t - 1];
    difference = std::abs(1 - step * schedule.ridge) * momentum * difference +
                 step * (gradient + schedule.ridge * weights);
    weights += difference;
    largest = std::max(largest, weights + schedule.momentum[t] * difference);
  }
  return largest;
}

double LinearSchedule::residual_factor() const {
  return 1 / std::cosh((iterations() + 1) * std::acosh((upper + lower) / (upper - lower)));
}

LinearSchedule plan_linear(const LinearSpec& spec) {
  check_common(spec.features, spec.iterations, 0, spec.ridge);
  const double upper = spec.upper.value_or(default_spectrum_cap(spec.features));
  const double lower = spec.lower.value_or(upper / std::max(2, spec.iterations + 1));
  if (!(lower > 0) || !(lower < upper) || !std::isfinite(upper))
    throw ParametersError("schedule: the bounds of the spectrum must satisfy 0 < lower < upper");
  LinearSchedule schedule;
  schedule.features = spec.features;
  schedule.ridge = spec.ridge;
  schedule.lower = lower + spec.ridge;
  schedule.upper = upper + spec.ridge;
  const double centre = (schedule.upper + schedule.lower) / 2, radius = (schedule.upper - schedule.lower) / 2;
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

std::vector<double> linear_gains(const LinearSchedule& schedule) {
  const std::size_t n = schedule.step.size();
  std::vector<double> gains;
  for (std::size_t s = 0; s <= n; ++s) {
    gains.push_back(largest_over_spectrum(
        schedule.ridge, schedule.upper, static_cast<int>(n - s), [&](double eigenvalue) {
          double error = 1, previous = 0;
          for (std::size_t k = s; k < n; ++k) {
            const double next =
                (1 - schedule.step[k] * eigenvalue) * error + schedule.momentum[k] * (error - previous);
            previous = error;
            error = next;
          }
          return error;
        }));
  }
  return gains;
}

double linear_error_bound(const LinearSchedule& schedule, double error_per_step) {
  double sum = 0;
  for (const double gain : linear_gains(schedule)) sum += gain;
  return sum * error_per_step;
}

double linear_weight_bound(const LinearSchedule& schedule) {
  // x_t = Q_t(A) b, and |b| is at most the root of the largest eigenvalue times the target's root mean
  // square.
  double largest = 0;
  for (std::size_t t = 0; t <= schedule.step.size(); ++t)
    largest = std::max(
        largest,
        largest_over_spectrum(schedule.ridge, schedule.upper, static_cast<int>(t), [&](double eigenvalue) {
          double x = schedule.start, previous = 0;
          for (std::size_t k = 0; k < t; ++k) {
            const double next =
                x + schedule.step[k] * (1 - eigenvalue * x) + schedule.momentum[k] * (x - previous);
            previous = x;
            x = next;
          }
          return x;
        }));
  return largest * std::sqrt(schedule.upper);
}

}  // namespace cloister::ml
