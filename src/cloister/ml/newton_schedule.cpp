#include "cloister/ml/newton_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <string>

#include "cloister/base/error.h"
#include "cloister/ml/internal/spectrum_maximum.h"

namespace cloister::ml {
namespace {

// lambda Q(lambda) is at most 1.22 (without products: 4/3), so steps up to 3/2 never expand. Most slopes lie
// well below the largest, which makes a step of 1 too short: 4/3 took half to all of its passes on the tables
// of the README; 3/2 gains little on some and overshoots on others.
constexpr double kStep = 4.0 / 3;

/// Q_j(eigenvalue) for j = 0..k: what the solution of eigenvalue * p = 1 comes to after j products.
template <typename Visit>
void inverse_polynomials(const LinearSchedule& solve, double eigenvalue, const Visit& visit) {
  double p = solve.start, previous = 0;
  visit(0, p);
  for (std::size_t k = 0; k < solve.step.size(); ++k) {
    const double next = p + solve.step[k] * (1 - eigenvalue * p) + solve.momentum[k] * (p - previous);
    previous = p;
    p = next;
    visit(static_cast<int>(k) + 1, p);
  }
}

/// Q(eigenvalue), after all of them.
double inverse_polynomial(const LinearSchedule& solve, double eigenvalue) {
  double last = 0;
  inverse_polynomials(solve, eigenvalue, [&](int, double p) { last = p; });
  return last;
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

double newton_inverse(const NewtonSchedule& schedule, double eigenvalue) {
  return inverse_polynomial(schedule.solve, eigenvalue);
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
  // The data's part of g is S^T r / n with |r_i| <= 1 + max_error, so p_j = step / c Q_j(A) g, the solution
  // after j products, is at most max Q_j(lambda) sqrt(lambda) of that; the ridge's part only shortens w.
  const int products = solve.iterations();
  const std::vector<double> squares = all_largest_over_spectrum(
      solve.ridge, solve.upper, products + 1, [](int j) { return 2 * j + 1; },
      [&](double eigenvalue, const auto& record) {
        inverse_polynomials(solve, eigenvalue, [&](int j, double q) { record(j, eigenvalue * q * q); });
      });
  NewtonBounds out;
  out.weights = scale * misfit * std::sqrt(squares.back()) * schedule.iterations;
  out.direction = scale * misfit * std::sqrt(*std::ranges::max_element(squares));
  if (schedule.ridge > 0) {
    // No iteration raises the surrogate loss F(w) = mean of (integral of q up to z, less z / 2) + ridge/2
    // |w|^2: it is 0 at w = 0, and the mean is at least -(log 2 + R max_error).
    const double gained = std::numbers::ln2 + schedule.sigmoid.range * schedule.sigmoid.max_error;
    out.weights = std::min(out.weights, std::sqrt(2 * gained / schedule.ridge));
    const std::vector<double> largest = all_largest_over_spectrum(
        solve.ridge, solve.upper, products + 1, [](int j) { return j; },
        [&](double eigenvalue, const auto& record) { inverse_polynomials(solve, eigenvalue, record); });
    out.direction += scale * schedule.ridge * out.weights * *std::ranges::max_element(largest);
  }
  return out;
}

double NewtonGains::error_bound(const NewtonErrors& errors) const {
  const double added = errors.update + gradient * errors.gradient + product * errors.product;
  return std::accumulate(iteration.begin(), iteration.end(), 0.0) * added;
}

NewtonGains newton_gains(const NewtonSchedule& schedule, double margin_limit, double spectrum_floor) {
  const NewtonContraction c = newton_contraction(schedule, margin_limit, spectrum_floor);
  const std::vector<double> solve = linear_gains(schedule.solve);
  NewtonGains out;
  out.gradient = inverse_bounds(schedule.solve).most / schedule.solve.start;
  out.product = std::accumulate(solve.begin() + 1, solve.end(), 0.0);
  out.product_root = std::sqrt(std::inner_product(solve.begin() + 1, solve.end(), solve.begin() + 1, 0.0));
  out.iteration.assign(static_cast<std::size_t>(schedule.iterations), 1.0);
  double power = 1;
  for (std::size_t t = out.iteration.size() - 1; t-- > 0;) {
    power *= c.factor;
    out.iteration[t] = c.distortion * power;
  }
  return out;
}

double newton_error_bound(const NewtonSchedule& schedule, const NewtonErrors& errors, double margin_limit,
                          double spectrum_floor) {
  return newton_gains(schedule, margin_limit, spectrum_floor).error_bound(errors);
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
