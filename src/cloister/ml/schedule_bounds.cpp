#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "cloister/base/error.h"
#include "cloister/ml/internal/amplification.h"
#include "cloister/ml/internal/spectrum_maximum.h"
#include "cloister/ml/schedule.h"

namespace cloister::ml {
namespace {

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

double largest_curvature(const LogisticSchedule& schedule) {
  return schedule.sigmoid.max_slope * schedule.spectrum_cap + schedule.ridge;
}

void check_tolerance(double tolerance) {
  if (!(tolerance > 0) || !(tolerance < 1))
    throw ParametersError("schedule: the tolerance must lie between 0 and 1");
}

[[noreturn]] void throw_too_slow() {
  throw ParametersError(
      "schedule: " + std::to_string(kMaxIterations) +
      " iterations do not reach the tolerance at this condition; use a ridge, or ask for less");
}

}  // namespace

std::vector<double> logistic_gains(const LogisticSchedule& schedule, double margin_limit) {
  return amplification_gains(amplifying_steps(schedule, margin_limit));
}

std::vector<double> logistic_renewal_gains(const LogisticSchedule& schedule, double margin_limit) {
  const std::vector<double> gains = logistic_gains(schedule, margin_limit);
  const auto steps = amplifying_steps(schedule, margin_limit);
  // An error in v_t is one of at most `contraction` times itself in w_{t+1}; one in w_t is -momentum times
  // itself in v_{t+1}, and so comes to w_{t+2}.
  std::vector<double> out(gains.size(), 0.0);
  for (std::size_t t = 1; t < out.size(); ++t) {
    const auto contraction = [&](std::size_t j) {
      return std::max(std::abs(steps[j - 1].least), std::abs(steps[j - 1].most));
    };
    out[t] = contraction(t) * gains[t];
    if (t + 1 < out.size()) out[t] += schedule.momentum[t] * contraction(t + 1) * gains[t + 1];
  }
  return out;
}

double logistic_error_bound(const LogisticSchedule& schedule, double error_per_iteration,
                            double margin_limit) {
  double sum = 0;
  for (const double gain : logistic_gains(schedule, margin_limit)) sum += gain;
  return sum * error_per_iteration;
}

namespace {

// What the surrogate loss of a row can fall from its value at margin 0, within the polynomial's range: the
// integral of 1/2 - q where that is positive, bounded from above on each of many intervals.
double largest_fall(const PolynomialFit& sigmoid) {
  constexpr int kIntervals = 4096;
  const double width = sigmoid.range / kIntervals;
  const double rise = width * std::max(std::abs(sigmoid.min_slope), std::abs(sigmoid.max_slope));
  double sum = 0;
  for (int i = 0; i < kIntervals; ++i) sum += width * std::max(0.0, 0.5 - sigmoid(i * width) + rise);
  return sum;
}

// With the loss F convex and its gradient L-Lipschitz, v = w + m d for d the last change of w, and w' = v - s
// grad F(v), d' = w' - w, convexity between v and w and the descent lemma from v give, for c = s L / 2,
//   s (F(w') - F(w)) <= c m^2 |d|^2 + m (1 - 2c) d.d' - (1 - c) |d'|^2 <= a |d|^2 - b |d'|^2
// with a = c m^2 + m |1 - 2c| / 2 and b = 1 - c - m |1 - 2c| / 2. Summed over the iterations after the first,
// (b - a) sum |d|^2 <= s (F(0) - least F) + a |d_1|^2, and by Cauchy and Schwarz |w_T| <= |d_1| + root of (T
// - 1) times that sum: it grows with the root of T, where the sum of the largest steps grows with T.
double energy_weight_bound(const LogisticSchedule& schedule) {
  const std::size_t n = schedule.step.size();
  if (n < 2 || schedule.batches != 1 ||
      slope_bounds(schedule.sigmoid, default_margin_limit(schedule)).min < 0 ||
      std::ranges::any_of(schedule.step.begin() + 1, schedule.step.end(),
                          [&](double step) { return step != schedule.step[1]; }))
    return std::numeric_limits<double>::infinity();
  const double step = schedule.step[1], c = step * largest_curvature(schedule) / 2;
  const double momentum = *std::ranges::max_element(schedule.momentum);
  const double cross = momentum * std::abs(1 - 2 * c) / 2;
  const double a = c * momentum * momentum + cross, b = 1 - c - cross;
  if (!(b > a) || schedule.step[0] * largest_curvature(schedule) > 2 * (1 + 1e-12))
    return std::numeric_limits<double>::infinity();
  const double first = schedule.step[0] * std::sqrt(schedule.spectrum_cap) / 2;
  const double changes = (step * largest_fall(schedule.sigmoid) + a * first * first) / (b - a);
  const double last = std::sqrt(changes);
  return (first + last * (std::sqrt(static_cast<double>(n - 1)) + momentum)) * (1 + 1e-9);
}

}  // namespace

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
  return std::min(largest, energy_weight_bound(schedule));
}

std::vector<double> logistic_remaining(const LogisticSchedule& schedule, double least_curvature) {
  const double most = largest_curvature(schedule);
  if (schedule.batches != 1)
    throw ParametersError("schedule: what remains after mini-batches depends on how they differ");
  if (!(least_curvature >= 0) || least_curvature > most)
    throw ParametersError(
        "schedule: the least curvature must lie between 0 and the most that the cap allows");
  const int n = schedule.iterations();
  return all_largest_over_spectrum(
      least_curvature, most, n, [](int t) { return t + 1; },
      [&](double curvature, const auto& record) {
        double w = 1, v = 1;
        for (int t = 0; t < n; ++t) {
          const auto i = static_cast<std::size_t>(t);
          const double next = (1 - schedule.step[i] * curvature) * v;
          v = (1 + schedule.momentum[i]) * next - schedule.momentum[i] * w;
          w = next;
          record(t, w);
        }
      });
}

int logistic_iterations_for(const LogisticSpec& spec, double least_curvature, double tolerance) {
  check_tolerance(tolerance);
  // w_t does not depend on how many iterations follow it.
  LogisticSpec longest = spec;
  longest.iterations = kMaxIterations;
  const std::vector<double> remaining = logistic_remaining(plan_logistic(longest), least_curvature);
  const auto first = std::ranges::find_if(remaining, [&](double factor) { return factor <= tolerance; });
  if (first == remaining.end()) throw_too_slow();
  return static_cast<int>(first - remaining.begin()) + 1;
}

std::vector<double> linear_gains(const LinearSchedule& schedule) {
  const int n = schedule.iterations();
  return all_largest_over_spectrum(
      schedule.ridge, schedule.upper, n + 1, [n](int s) { return n - s; },
      [&](double eigenvalue, const auto& record) {
        // The error of x_T is linear in (error of x_s, error of x_{s-1}); these are its coefficients, which
        // go from a step to the one before by the transposed recursion.
        double error = 1, previous = 0;
        record(n, error);
        for (int s = n; s-- > 0;) {
          const auto k = static_cast<std::size_t>(s);
          const double now = (1 - schedule.step[k] * eigenvalue + schedule.momentum[k]) * error + previous;
          previous = -schedule.momentum[k] * error;
          error = now;
          record(s, error);
        }
      });
}

double linear_error_bound(const LinearSchedule& schedule, double error_per_step) {
  double sum = 0;
  for (const double gain : linear_gains(schedule)) sum += gain;
  return sum * error_per_step;
}

double linear_weight_bound(const LinearSchedule& schedule) {
  // x_t = Q_t(A) b, and |b| is at most the root of the largest eigenvalue times the target's root mean
  // square.
  const int n = schedule.iterations();
  const std::vector<double> largest = all_largest_over_spectrum(
      schedule.ridge, schedule.upper, n + 1, [](int t) { return t; },
      [&](double eigenvalue, const auto& record) {
        double x = schedule.start, previous = 0;
        record(0, x);
        for (int t = 0; t < n; ++t) {
          const auto k = static_cast<std::size_t>(t);
          const double next =
              x + schedule.step[k] * (1 - eigenvalue * x) + schedule.momentum[k] * (x - previous);
          previous = x;
          x = next;
          record(t + 1, x);
        }
      });
  return *std::ranges::max_element(largest) * std::sqrt(schedule.upper);
}

double linear_residual_bound(const LinearSchedule& schedule) {
  // b - A x_T = r(A) b, and an eigenvector's part of b is at most sqrt(lambda - ridge) of the target's along
  // it. The square of what is sought is a polynomial.
  const int degree = 2 * (schedule.iterations() + 1) + 1;
  return std::sqrt(largest_over_spectrum(schedule.ridge, schedule.upper, degree, [&](double eigenvalue) {
    double residual = 1 - schedule.start * eigenvalue, previous = 1;
    for (std::size_t k = 0; k < schedule.step.size(); ++k) {
      const double next =
          (1 - schedule.step[k] * eigenvalue) * residual + schedule.momentum[k] * (residual - previous);
      previous = residual;
      residual = next;
    }
    return residual * residual * (eigenvalue - schedule.ridge);
  }));
}

int linear_iterations_for(double condition, double tolerance) {
  check_tolerance(tolerance);
  if (!(condition > 1) || !std::isfinite(condition))
    throw ParametersError("schedule: the condition must be a number above 1");
  // acosh((c + 1) / (c - 1)) = 2 atanh(1 / sqrt(c)), which keeps its digits for large c. Rounding may put a
  // whole number just above itself, where one product more would be counted.
  constexpr double kRounding = 1e-12;
  const double factors = std::acosh(1 / tolerance) / (2 * std::atanh(1 / std::sqrt(condition)));
  const double products = std::max(std::ceil(factors * (1 - kRounding)) - 1, 0.0);
  if (products > kMaxIterations) throw_too_slow();
  return static_cast<int>(products);
}

double linear_band_for(int iterations, double tolerance) {
  check_tolerance(tolerance);
  if (iterations < 0 || iterations > kMaxIterations)
    throw ParametersError("schedule: iterations must lie in [0, " + std::to_string(kMaxIterations) + "]");
  return std::pow(std::tanh(std::acosh(1 / tolerance) / (2.0 * (iterations + 1))), 2);
}

double ridge_for_condition(double lower, double upper, double condition) {
  if (!(lower >= 0) || !(lower < upper) || !std::isfinite(upper) || !(condition > 1))
    throw ParametersError("schedule: a ridge needs 0 <= lower < upper and a condition above 1");
  return std::max(0.0, (upper - condition * lower) / (condition - 1));
}

}  // namespace cloister::ml
