#include "cloister/ml/method_choice.h"

#include <algorithm>
#include <cmath>

#include "cloister/ml/internal/spectrum_maximum.h"

namespace cloister::ml {
namespace {

double measured(AccuracyMeasure measure, double curvature, double residual) {
  return measure == AccuracyMeasure::kDistance ? std::abs(residual) : curvature * residual * residual;
}

// Newton's residual after t iterations, at the curvatures between two where h (1 - b h)^2t or |1 - b h|^t is
// the largest: an end, or where the first is stationary.
double largest_residual(AccuracyMeasure measure, double b, double from, double to, int t) {
  const auto at = [&](double h) { return measured(measure, h, std::pow(1 - b * h, t)); };
  double largest = std::max(at(from), at(to));
  const double stationary = 1 / (b * (2 * t + 1));
  if (measure == AccuracyMeasure::kLoss && stationary > from && stationary < to)
    largest = std::max(largest, at(stationary));
  return largest;
}

}  // namespace

std::string_view to_string(Method method) noexcept {
  switch (method) {
    case Method::kAuto:
      return "auto";
    case Method::kNesterov:
      return "nesterov";
    case Method::kNewton:
      return "newton";
  }
  return "unknown";
}

std::string_view to_string(AccuracyMeasure measure) noexcept {
  return measure == AccuracyMeasure::kDistance ? "distance" : "loss";
}

double remaining(const LogisticSchedule& schedule, AccuracyMeasure measure) {
  const double most = schedule.sigmoid.max_slope * schedule.spectrum_cap + schedule.ridge;
  const int degree = 2 * schedule.iterations() + 1;
  return largest_over_spectrum(schedule.ridge, most, degree, [&](double h) {
    double w = 1, v = 1;
    for (std::size_t t = 0; t < schedule.step.size(); ++t) {
      const double next = (1 - schedule.step[t] * h) * v;
      v = next + schedule.momentum[t] * (next - w);
      w = next;
    }
    return measured(measure, h, w);
  });
}

double remaining(const NewtonSchedule& schedule, AccuracyMeasure measure) {
  const LinearSchedule& solve = schedule.solve;
  const SpectrumGrid grid(solve.ridge, solve.upper, solve.iterations() + 1);
  double largest = 0;
  for (int i = 0; i < grid.size(); ++i) {
    const double lambda = grid.at(i) - solve.ridge, most = schedule.curvature * lambda;
    largest = std::max(
        largest, largest_residual(
                     measure, schedule.step / schedule.curvature * newton_inverse(schedule, grid.at(i)),
                     kLeastMeanSlope * most + schedule.ridge, most + schedule.ridge, schedule.iterations));
  }
  return largest;
}

std::optional<int> newton_iterations_to(NewtonSpec spec, AccuracyMeasure measure, double most,
                                        int most_iterations) {
  spec.iterations = 1;
  NewtonSchedule schedule = plan_newton(spec);  // depends on the number of iterations in nothing else
  const auto reaches = [&](int iterations) {
    schedule.iterations = iterations;
    return remaining(schedule, measure) <= most;
  };
  if (!reaches(most_iterations)) return std::nullopt;
  int fails = 0, enough = most_iterations;
  while (enough - fails > 1) {
    const int middle = fails + (enough - fails) / 2;
    (reaches(middle) ? enough : fails) = middle;
  }
  return enough;
}

}  // namespace cloister::ml
