#include "cloister/ml/clear_newton.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "cloister/base/error.h"
#include "cloister/ml/clear_dense.h"
#include "cloister/ml/clear_spectrum.h"

namespace cloister::ml {
namespace {

/// p_k from h = p_0.
std::vector<double> solve(const data::Matrix& moments, const std::vector<double>& h,
                          const LinearSchedule& schedule) {
  std::vector<double> previous(h.size(), 0.0), p = h;
  for (std::size_t k = 0; k < schedule.step.size(); ++k) {
    const double step = schedule.step[k], momentum = schedule.momentum[k];
    const std::vector<double> product = multiply(moments, p);
    for (std::size_t j = 0; j < p.size(); ++j) {
      const double next = (1 + momentum - step * schedule.ridge) * p[j] - momentum * previous[j] +
                          step / schedule.start * h[j] - step * product[j];
      previous[j] = p[j];
      p[j] = next;
    }
  }
  return p;
}

}  // namespace

LogisticTrace train_newton(const data::Matrix& rows, const NewtonSchedule& schedule, SigmoidKind kind) {
  if (rows.rows == 0 || rows.columns != schedule.features)
    throw MismatchError("logistic training: the rows do not fit the schedule",
                        std::to_string(rows.columns) + " columns in " + std::to_string(rows.rows) + " rows",
                        std::to_string(schedule.features) + " features");
  const data::Matrix moments = second_moments(rows);
  const double gain = schedule.solve.start * schedule.step / schedule.curvature;
  const double n = static_cast<double>(rows.rows);
  std::vector<double> w(rows.columns, 0.0);
  LogisticTrace trace;
  for (int t = 0; t < schedule.iterations; ++t) {
    std::vector<double> residual = multiply(rows, w);
    for (double& z : residual) {
      trace.largest_margin = std::max(trace.largest_margin, std::abs(z));
      z = kind == SigmoidKind::kExact ? sigmoid(-z) : 0.5 - schedule.sigmoid(z);
    }
    std::vector<double> h = multiply_transposed(rows, residual);
    for (std::size_t j = 0; j < h.size(); ++j) h[j] = gain / n * h[j] - gain * schedule.ridge * w[j];
    const std::vector<double> p = solve(moments, h, schedule.solve);
    for (std::size_t j = 0; j < w.size(); ++j) w[j] += p[j];
    trace.weights.push_back(w);
  }
  return trace;
}

}  // namespace cloister::ml
