#include "cloister/ml/newton_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "cloister/base/error.h"
#include "cloister/ml/internal/spectrum_maximum.h"

namespace cloister::ml {
namespace {

// lambda Q(lambda) is at most 1.22 (without products: 4/3), so steps up to 3/2 never expand. Most slopes lie
// well below the largest, which makes a step of 1 too short: 4/3 took half to all of its passes on the tables
// of the README; 3/2 gains little on some and overshoots on others.
constexpr double kStep = 4.0 / 3;

/// Q(eigenvalue): what the solution of eigenvalue * p = 1 comes to.
double inverse_polynomial(const LinearSchedule& solve, double eigenvalue) {
  double p = solve.start, previous = 0;
  for (std::size_t k = 0; k < solve.step.size(); ++k) {
    const double next = p + solve.step[k] * (1 - eigenvalue * p) + solve.momentum[k] * (p - previous);
    previous = p;
    p = next;
  }
  return p;
}

struct Interval {
  double least = 0, most = 0;
};

/// Bounds of a polynomial of at most the given degree on [from, to], each rounded outward: it deviates from
/// the middle of its values on a grid by at most what the grid shows, over the share that the grid sees.
template <typename Polynomial>
Interval bounds_over_spectrum(double from, double to, int degree, const Polynomial& polynomial) {
  const SpectrumGrid grid(from, to, degree);
  Interval seen{polynomial(grid.at(0)), polynomial(grid.at(0))};
  for (int i = 1; i < grid.size(); ++i) {
    const double value = polynomial(grid.at(i));
    seen = {std::min(seen.least, value), std::max(seen.most, value)};
  }
  const double middle = (seen.least + seen.most) / 2;
  const double reach = (seen.most - seen.least) / 2 / grid.share(degree);
  return {middle - reach, middle + reach};
}

/// Bounds of Q on the spectrum of A. The grid's slack is a part of the largest value, at the lower end, and
/// the smallest is about a 750th of that for the most products: a tenth of it may be slack.
Interval inverse_bounds(const LinearSchedule& solve) {
  return bounds_over_spectrum(solve.ridge, solve.upper, solve.iterations(),
                              [&](double eigenvalue) { return inverse_polynomial(solve, eigenvalue); });
}

}  // namespace

NewtonSchedule plan_newton(const NewtonSpec& spec) {
  if (spec.iterations < 1 || spec.iterations > kMaxIterations)
    throw ParametersError("schedule: iterations must lie in [1, " + std::to_string(kMaxIterations) +
                          "]; got " + std::to_string(spec.iterations));
  if (spec.products < 0 || spec.products > kMaxNewtonProducts)
    throw ParametersError("schedule: products an iteration must lie in [0, " +
                          std::to_string(kMaxNewtonProducts) + "]; got " + std::to_string(spec.products));
  if (!(spec.ridge >= 0) || !std::isfinite(spec.ridge))
    throw ParametersError("schedule: the ridge must be zero or a positive number");
  NewtonSchedule schedule;
  schedule.features = spec.features;
  schedule.iterations = spec.iterations;
  schedule.ridge = spec.ridge;
  schedule.spectrum_cap = spectrum_cap_or_default(spec.spectrum_cap, spec.features);
  schedule.sigmoid = fit_sigmoid(spec.range.value_or(steady_range(spec.degree)), spec.degree);
  schedule.curvature = schedule.sigmoid.max_slope;
  schedule.step = kStep;
  schedule.solve = plan_linear({.features = spec.features,
                                .iterations = spec.products,
                                .ridge = spec.ridge / schedule.curvature,
                                .upper = schedule.spectrum_cap,
                                .polynomial = LinearPolynomial::kFourthKind});
  return schedule;
}

NewtonContraction newton_contraction(const NewtonSchedule& schedule, double margin_limit,
                                     double spectrum_floor) {
  if (!(spectrum_floor >= 0) || !(spectrum_floor < schedule.spectrum_cap))
    throw ParametersError("schedule: the spectrum floor must lie in [0, cap)");
  const LinearSchedule& solve = schedule.solve;
  const SlopeBounds slope = slope_bounds(schedule.sigmoid, margin_limit);
  const auto preconditioned = [&](double bound_of_slope) {
    return bounds_over_spectrum(
        solve.ridge + spectrum_floor, solve.upper, solve.iterations() + 1, [&](double eigenvalue) {
          const double hessian = bound_of_slope * (eigenvalue - solve.ridge) + schedule.ridge;
          return schedule.step / schedule.curvature * hessian * inverse_polynomial(solve, eigenvalue);
        });
  };
  NewtonContraction out;
  out.least = preconditioned(slope.min).least;
  out.most = preconditioned(slope.max).most;
  // Neither a floor of 0 nor slopes that only rise can expand: what is below 0 then is the grid's slack.
  if (slope.min >= 0) out.least = std::max(out.least, 0.0);
  out.factor = std::max(std::abs(1 - out.least), std::abs(1 - out.most));
  const Interval inverse = inverse_bounds(solve);
  out.distortion = std::sqrt(inverse.most / inverse.least);
  return out;
}

NewtonBounds newton_bounds(const NewtonSchedule& schedule) {
  const LinearSchedule& solve = schedule.solve;
  const double scale = schedule.step / schedule.curvature, misfit = 1 + schedule.sigmoid.max_error;
  // The data's part of g is S^T r / n with |r_i| <= 1 + max_error, so an iteration adds at most
  // max Q(lambda) sqrt(lambda) of that; the ridge's part only shortens w.
  const int degree = 2 * solve.iterations() + 1;
  const double added =
      scale * misfit *
      std::sqrt(largest_over_spectrum(solve.ridge, solve.upper, degree, [&](double eigenvalue) {
        return eigenvalue * std::pow(inverse_polynomial(solve, eigenvalue), 2);
      }));
  NewtonBounds out;
  out.weights = added * schedule.iterations;
  if (schedule.ridge > 0) {
    // No iteration raises the surrogate loss F(w) = mean of (integral of q up to z, less z / 2) + ridge/2
    // |w|^2: it is 0 at w = 0, and the mean is at least -(log 2 + R max_error).
    const double gained = std::numbers::ln2 + schedule.sigmoid.range * schedule.sigmoid.max_error;
    out.weights = std::min(out.weights, std::sqrt(2 * gained / schedule.ridge));
  }
  // linear_weight_bound holds for right sides X^T y / n; the ridge's part of g is that much of w, times Q.
  const double data = scale * misfit * linear_weight_bound(solve);
  double penalty = 0;
  if (schedule.ridge > 0)
    penalty = scale * schedule.ridge * out.weights * linear_weight_bound(solve) / std::sqrt(solve.upper);
  out.direction = data + penalty;
  return out;
}

double newton_error_bound(const NewtonSchedule& schedule, const NewtonErrors& errors, double margin_limit,
                          double spectrum_floor) {
  const NewtonContraction c = newton_contraction(schedule, margin_limit, spectrum_floor);
  const std::vector<double> gains = linear_gains(schedule.solve);
  double added = errors.update + errors.gradient * inverse_bounds(schedule.solve).most / schedule.solve.start;
  for (std::size_t k = 1; k < gains.size(); ++k) added += gains[k] * errors.product;
  double sum = 1, power = 1;
  for (int t = 1; t < schedule.iterations; ++t) {
    power *= c.factor;
    sum += c.distortion * power;
  }
  return sum * added;
}

int newton_iterations_for(const NewtonSpec& spec, double margin_limit, double spectrum_floor,
                          double tolerance) {
  if (!(tolerance > 0) || !(tolerance < 1))
    throw ParametersError("schedule: the tolerance must lie between 0 and 1");
  NewtonSpec longest = spec;
  longest.iterations = kMaxIterations;
  const NewtonContraction c = newton_contraction(plan_newton(longest), margin_limit, spectrum_floor);
  double remaining = c.distortion;
  for (int t = 1; t <= kMaxIterations; ++t) {
    remaining *= c.factor;
    if (remaining <= tolerance) return t;
  }
  throw ParametersError(
      "schedule: " + std::to_string(kMaxIterations) +
      " iterations are not proven to reach the tolerance; use a ridge, a wider sigmoid or a "
      "smaller margin limit");
}

}  // namespace cloister::ml
