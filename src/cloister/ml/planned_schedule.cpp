#include <algorithm>
#include <string>

#include "cloister/base/error.h"
#include "cloister/ml/internal/advice.h"
#include "cloister/ml/internal/planned_training.h"
#include "cloister/ml/paillier_planner.h"
#include "cloister/ml/planner.h"

namespace cloister::ml {

bool needs_whole_rows(const JobRequest& r) noexcept {
  return r.job == Job::kTrain && (r.model == ModelKind::kLinear || r.method == Method::kNewton);
}

bool is_steady(const JobRequest& r) noexcept {
  return r.iterations > kMaxUnsteadyIterations || r.batches > 1 || r.method == Method::kNewton;
}

int iterations_for(const JobRequest& request, double tolerance) {
  const bool is_linear = request.model == ModelKind::kLinear;
  const double least = request.ridge + (is_linear ? request.spectrum_floor.value_or(0) : 0);
  if (request.job != Job::kTrain || !(least > 0))
    throw ParametersError(
        "plan: a tolerance fixes the iterations of a training with a ridge; give a positive " +
        setting("ridge") + (is_linear ? ", or " + setting("spectrum_floor") : ""));
  if (is_linear) {
    const double cap = spectrum_cap_or_default(request.spectrum_cap, request.features);
    return std::max(1, linear_iterations_for(((1 + kSteadySlack) * cap + request.ridge) / least, tolerance));
  }
  const int degree = request.sigmoid_degree != 0 ? request.sigmoid_degree : kSteadyDegree;
  return logistic_iterations_for({.features = request.features + std::size_t{1},
                                  .degree = degree,
                                  .ridge = request.ridge,
                                  .spectrum_cap = request.spectrum_cap,
                                  .range = steady_range(degree),
                                  .momentum_cap = kSteadyMomentum},
                                 request.ridge, tolerance);
}

PlannedSchedule plan_schedule(const JobRequest& request, int sigmoid_degree, bool bootstraps) {
  PlannedSchedule out;
  if (request.job == Job::kPredict) {
    out.weight_bound = kClearWeightBound;
    return out;
  }
  if (request.method == Method::kNewton) {
    out.newton = plan_newton({.features = request.features + std::size_t{1},
                              .iterations = request.iterations,
                              .products = request.products,
                              .degree = sigmoid_degree,
                              .ridge = request.ridge,
                              .spectrum_cap = request.spectrum_cap});
    out.newton_bounds = newton_bounds(*out.newton);
    out.newton_gains = newton_gains(*out.newton, default_margin_limit(out.newton->sigmoid));
    out.weight_bound = out.newton_bounds.weights;
  } else if (request.model == ModelKind::kLogistic) {
    out.logistic = plan_logistic(
        {.features = request.features + std::size_t{1},
         .iterations = request.iterations,
         .degree = sigmoid_degree,
         .ridge = request.ridge,
         .spectrum_cap = request.spectrum_cap,
         .range = is_steady(request) ? std::optional(steady_range(sigmoid_degree)) : std::nullopt,
         .batches = request.batches,
         .seed = request.seed,
         .momentum_cap = is_steady(request) ? std::optional(kSteadyMomentum) : std::nullopt});
    out.weight_bound = logistic_weight_bound(*out.logistic);
    const double limit = default_margin_limit(*out.logistic);
    out.gains = logistic_gains(*out.logistic, limit);
    out.renewal_gains = logistic_renewal_gains(*out.logistic, limit);
  } else {
    out.linear =
        plan_linear(bootstraps ? long_linear_spec(request.features, request.iterations, request.ridge,
                                                  request.spectrum_cap, request.spectrum_floor)
                               : LinearSpec{.features = request.features,
                                            .iterations = request.iterations,
                                            .ridge = request.ridge,
                                            .upper = request.spectrum_cap,
                                            .lower = request.spectrum_floor});
    out.gains = linear_gains(*out.linear);
    if (bootstraps) {
      out.linear_bounds = linear_state_bounds(*out.linear);
      out.weight_bound = out.linear_bounds->largest_weights();
      out.renewal_gains = linear_renewal_gains(*out.linear, out.linear_bounds->change_scale());
    } else {
      out.weight_bound = linear_weight_bound(*out.linear);
    }
  }
  return out;
}

}  // namespace cloister::ml
