#include "apps/cloister/clear_training.h"

#include <numeric>

#include "cloister/ml/clear_linear.h"
#include "cloister/ml/clear_logistic.h"
#include "cloister/ml/clear_newton.h"

namespace cloister::app {
namespace {

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// The least squares with an intercept that is not penalized.
std::vector<double> exact_regression(const data::Examples& train, double ridge) {
  if (ridge == 0) return ml::solve_least_squares(ml::with_intercept(train.features), train.target);
  data::Examples centred = train;
  std::vector<double> means(train.features.columns);
  const double target_mean = mean(train.target);
  for (std::size_t j = 0; j < means.size(); ++j) {
    for (std::size_t r = 0; r < train.features.rows; ++r) means[j] += train.features(r, j);
    means[j] /= static_cast<double>(train.features.rows);
    for (std::size_t r = 0; r < train.features.rows; ++r) centred.features(r, j) -= means[j];
  }
  for (double& y : centred.target) y -= target_mean;
  const auto equations = ml::normal_equations(centred.features, centred.target);
  const std::vector<long double> a(equations.a.values.begin(), equations.a.values.end());
  const std::vector<long double> b(equations.b.begin(), equations.b.end());
  const auto solved = ml::solve_normal_equations(a, b, ridge).weights;
  std::vector<double> weights = {target_mean};
  for (std::size_t j = 0; j < means.size(); ++j) {
    weights[0] -= solved[j] * means[j];
    weights.push_back(solved[j]);
  }
  return weights;
}

}  // namespace

ClearTraining train_in_clear(const ml::Plan& plan, const data::Examples& train) {
  ClearTraining out;
  if (plan.trains_logistic()) {
    const data::Matrix rows = ml::signed_rows(train.features, train.target);
    const auto trace = plan.newton ? ml::train_newton(rows, *plan.newton)
                                   : ml::train_logistic(rows, *plan.logistic, ml::SigmoidKind::kPolynomial,
                                                        plan.ckks ? plan.ckks->packing.rows_per_block() : 1);
    out.weights = trace.weights.back();
    out.largest_margin = trace.largest_margin;
    out.margin_limit = ml::default_margin_limit(*plan.sigmoid());
    const auto fit = ml::fit_logistic(rows, plan.request.ridge);
    if (fit.converged) {
      out.yardstick = fit.weights;
      out.yardstick_name = "maximum likelihood";
    }
  } else if (plan.linear) {
    const auto equations = ml::normal_equations(train.features, train.target, plan.linear->ridge);
    out.weights = ml::chebyshev_iterates(equations, *plan.linear).back();
    out.weights.insert(out.weights.begin(), 0.0);
    out.yardstick = exact_regression(train, plan.request.ridge);
  } else if (plan.request.job == ml::Job::kAggregate) {
    out.weights = out.yardstick = exact_regression(train, plan.request.ridge);
  }
  if (plan.request.model == ml::ModelKind::kLinear)
    out.yardstick_name = plan.request.ridge > 0 ? "ridge regression" : "least squares";
  return out;
}

std::vector<double> predict_in_clear(const data::Matrix& features, const std::vector<double>& weights) {
  return ml::margins(ml::with_intercept(features), weights);
}

}  // namespace cloister::app
