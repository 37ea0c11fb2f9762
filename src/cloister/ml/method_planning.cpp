#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "cloister/base/error.h"
#include "cloister/ml/internal/advice.h"
#include "cloister/ml/logistic_gradient.h"
#include "cloister/ml/planner.h"

namespace cloister::ml {
namespace {

// Products an iteration that are worth a plan: more of them are fewer iterations.
constexpr std::array kProductChoices{1, 2, 3, 4, 6, 8};
// Where the iterations are given, the most products with which it fits.
constexpr std::array kFallingProducts{4, 3, 2, 1};
constexpr int kMethodDegree = 7;  // that methods are compared with unless the request says

int degree_of(const JobRequest& r) { return r.sigmoid_degree != 0 ? r.sigmoid_degree : kMethodDegree; }

// What both methods are held to: the tolerance, or what Nesterov's default iterations promise of the loss.
MethodComparison comparison_for(const JobRequest& r) {
  if (r.tolerance > 0) return {AccuracyMeasure::kDistance, r.tolerance, {}, {}};
  const LogisticSchedule usual = plan_logistic({.features = r.features + std::size_t{1},
                                                .iterations = kDefaultIterations,
                                                .degree = degree_of(r),
                                                .ridge = r.ridge,
                                                .spectrum_cap = r.spectrum_cap});
  return {AccuracyMeasure::kLoss, remaining(usual, AccuracyMeasure::kLoss), {}, {}};
}

int nesterov_iterations(const JobRequest& r) {
  if (r.tolerance > 0) return iterations_for(r, r.tolerance);
  return r.iterations != 0 ? r.iterations : kDefaultIterations;
}

struct NewtonChoice {
  int products, iterations;
  int levels(int degree) const { return iterations * (LogisticGradient::levels(degree) + products); }
};

// Products, and the fewest iterations with them. Without those that take as many iterations as fewer products
// do, and those that take more than twice the levels of others: levels outweigh products where rows are many,
// and products levels where columns are, but not by so much on any table that was tried.
std::vector<NewtonChoice> newton_choices(const JobRequest& r, const MethodComparison& methods) {
  std::vector<int> products(kProductChoices.begin(), kProductChoices.end());
  if (r.products != 0) products = {r.products};
  std::vector<NewtonChoice> out;
  for (const int k : products) {
    const auto iterations = newton_iterations_to({.features = r.features + std::size_t{1},
                                                  .products = k,
                                                  .degree = degree_of(r),
                                                  .ridge = r.ridge,
                                                  .spectrum_cap = r.spectrum_cap},
                                                 methods.measure, methods.most, kMaxIterations);
    if (iterations && (out.empty() || *iterations < out.back().iterations)) out.push_back({k, *iterations});
  }
  if (out.empty()) return out;
  const auto levels = [&](const NewtonChoice& c) { return c.levels(degree_of(r)); };
  const int least = levels(*std::ranges::min_element(out, {}, levels));
  std::erase_if(out, [&](const NewtonChoice& c) { return levels(c) > 2 * least; });
  return out;
}

[[noreturn]] void throw_no_newton(const JobRequest& r) {
  throw PrecisionError("plan: no plan with Newton's method fits 128-bit security with an error of at most " +
                       short_number(r.max_error) + "; give fewer iterations, a larger " +
                       setting("max_error") + ", or " + setting("method", "nesterov"));
}

}  // namespace

void check_method(const JobRequest& r) {
  if (!has_method(r)) {
    if (r.method != Method::kAuto || r.products != 0)
      throw ParametersError("plan: a method is for logistic trainings with ckks; leave it out");
    return;
  }
  if (r.method == Method::kNewton && r.batches > 1)
    throw ParametersError("plan: Newton's method sees all rows at once; for batches give " +
                          setting("method", "nesterov"));
  if (r.products != 0 && r.method != Method::kNewton)
    throw ParametersError("plan: products with the matrix are Newton's; give " + setting("method", "newton"));
  if (r.products < 0 || r.products > kMaxNewtonProducts)
    throw ParametersError("plan: " + std::to_string(r.products) + " products an iteration; give 1 to " +
                          std::to_string(kMaxNewtonProducts));
}

Plan Planner::plan(const JobRequest& given) const {
  JobRequest request = given;
  if (has_method(request)) return plan_with_method(request);
  if (request.tolerance > 0) {
    request.iterations = iterations_for(request, request.tolerance);
    if (request.model == ModelKind::kLinear) request.spectrum_floor = request.spectrum_floor.value_or(0);
  }
  request.tolerance = 0;
  if (request.iterations == 0) request.iterations = kDefaultIterations;
  return plan_as_asked(request);
}

Plan Planner::plan_with_method(JobRequest request) const {
  check_request(request);
  if (request.method == Method::kAuto && (request.iterations != 0 || request.batches > 1))
    request.method = Method::kNesterov;
  if (request.method == Method::kNewton) return plan_newton(request);
  MethodComparison methods = comparison_for(request);
  JobRequest nesterov = request;
  nesterov.iterations = nesterov_iterations(request);
  nesterov.tolerance = 0;
  nesterov.method = Method::kNesterov;
  if (request.method == Method::kNesterov) return plan_as_asked(nesterov);

  auto newton_plan = cheapest_newton(request, methods);
  auto best = cheapest(nesterov);
  if (!newton_plan && !best) return plan_as_asked(nesterov);  // says which job fits
  methods.nesterov.iterations = nesterov.iterations;
  if (best) methods.nesterov.cost = plan_cost(*best);
  if (newton_plan && (!best || plan_cost(*newton_plan) < plan_cost(*best))) best = std::move(newton_plan);
  best->methods = methods;
  return std::move(*best);
}

Plan Planner::plan_newton(JobRequest request) const {
  if (request.iterations == 0) {
    MethodComparison methods = comparison_for(request);
    if (auto out = cheapest_newton(request, methods)) return std::move(*out);
    throw_no_newton(request);
  }
  std::vector<int> choices(kFallingProducts.begin(), kFallingProducts.end());
  if (request.products != 0) choices = {request.products};
  for (const int products : choices) {
    JobRequest tried = request;
    tried.products = products;
    if (auto out = cheapest(tried)) return std::move(*out);
  }
  throw_no_newton(request);
}

// Over the numbers of products, each with the fewest iterations that keep to what `methods` says.
std::optional<Plan> Planner::cheapest_newton(JobRequest request, MethodComparison& methods) const {
  request.method = Method::kNewton;
  request.tolerance = 0;
  std::optional<Plan> best;
  for (const auto& [products, iterations] : newton_choices(request, methods)) {
    request.products = products;
    request.iterations = iterations;
    auto found = cheapest(request);
    if (found && (!best || plan_cost(*found) < plan_cost(*best))) best = std::move(found);
  }
  if (best) methods.newton = {best->request.iterations, best->request.products, plan_cost(*best)};
  return best;
}

}  // namespace cloister::ml
