#include "cloister/ml/clear_logistic.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "cloister/base/error.h"
#include "cloister/ml/batches.h"
#include "cloister/ml/clear_dense.h"

namespace cloister::ml {
namespace {

/// Mean of log(1 + e^-z) plus the penalty.
double penalized_loss(std::span<const double> z, std::span<const double> weights, double ridge) {
  double sum = 0;
  for (const double value : z) sum += std::max(-value, 0.0) + std::log1p(std::exp(-std::abs(value)));
  return sum / static_cast<double>(z.size()) + ridge / 2 * dot(weights, weights);
}

/// Newton's direction at the margins z; empty if the Hessian is singular to working precision.
std::vector<long double> newton_direction(const data::Matrix& rows, std::span<const double> z,
                                          std::span<const double> gradient, double ridge) {
  const std::size_t d = rows.columns;
  std::vector<long double> hessian(d * d, 0.0L);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    const double p = sigmoid(z[i]), curvature = p * (1 - p) / static_cast<double>(rows.rows);
    for (std::size_t j = 0; j < d; ++j)
      for (std::size_t k = 0; k <= j; ++k) hessian[j * d + k] += curvature * rows(i, j) * rows(i, k);
  }
  for (std::size_t j = 0; j < d; ++j) hessian[j * d + j] += ridge;
  const std::optional<Cholesky> factor = Cholesky::factor(hessian, d);
  if (!factor) return {};
  return factor->solve(std::vector<long double>(gradient.begin(), gradient.end()));
}

/// Minus the gradient of the penalized loss.
std::vector<double> descent(const data::Matrix& rows, std::span<const double> z,
                            std::span<const double> weights, double ridge) {
  std::vector<double> residual(rows.rows);
  for (std::size_t i = 0; i < rows.rows; ++i) residual[i] = sigmoid(-z[i]);
  std::vector<double> g = multiply_transposed(rows, residual);
  for (std::size_t j = 0; j < g.size(); ++j)
    g[j] = g[j] / static_cast<double>(rows.rows) - ridge * weights[j];
  return g;
}

double largest_magnitude(std::span<const double> values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

}  // namespace

data::Matrix with_intercept(const data::Matrix& features) {
  data::Matrix rows(features.rows, features.columns + 1);
  for (std::size_t i = 0; i < features.rows; ++i) {
    rows(i, 0) = 1;
    std::copy_n(features.row(i).begin(), features.columns, rows.row(i).begin() + 1);
  }
  return rows;
}

data::Matrix signed_rows(const data::Matrix& features, std::span<const double> labels) {
  if (features.rows == 0) throw ParametersError("signed rows: there are no rows");
  if (labels.size() != features.rows)
    throw ParametersError("signed rows: " + std::to_string(labels.size()) + " labels for " +
                          std::to_string(features.rows) + " rows; give one label a row");
  require_finite(features.values, "signed rows");
  data::Matrix rows = with_intercept(features);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    if (labels[i] != 0 && labels[i] != 1)
      throw ParametersError("signed rows: the label of row " + std::to_string(i) +
                            " is neither 0 nor 1; map the classes to 0 and 1");
    if (labels[i] == 0)
      for (double& value : rows.row(i)) value = -value;
  }
  return rows;
}

LogisticTrace train_logistic(const data::Matrix& rows, const LogisticSchedule& schedule, SigmoidKind kind,
                             std::size_t rows_per_block) {
  if (rows.rows == 0 || rows.columns != schedule.features)
    throw MismatchError("logistic training: the rows do not fit the schedule",
                        std::to_string(rows.columns) + " columns in " + std::to_string(rows.rows) + " rows",
                        std::to_string(schedule.features) + " features");
  const std::size_t d = rows.columns;
  std::vector<data::Matrix> batches;
  for (std::size_t b = 0; b < schedule.batches; ++b)
    batches.push_back(rows_of(rows, batch_rows(rows.rows, rows_per_block, schedule.batches, b)));
  std::vector<double> w(d, 0.0), v(d, 0.0);
  LogisticTrace trace;
  for (std::size_t t = 0; t < schedule.step.size(); ++t) {
    const data::Matrix& batch = batches[schedule.batch[t]];
    std::vector<double> residual = multiply(batch, v);
    trace.largest_margin = std::max(trace.largest_margin, largest_magnitude(residual));
    for (double& z : residual) z = kind == SigmoidKind::kExact ? sigmoid(-z) : 0.5 - schedule.sigmoid(z);
    const std::vector<double> sum = multiply_transposed(batch, residual);
    const double step = schedule.step[t], momentum = schedule.momentum[t];
    for (std::size_t j = 0; j < d; ++j) {
      const double g = sum[j] / static_cast<double>(batch.rows);
      const double next = v[j] + step * (g - schedule.ridge * v[j]);
      v[j] = (1 + momentum) * next - momentum * w[j];
      w[j] = next;
    }
    trace.weights.push_back(w);
  }
  return trace;
}

LogisticFit fit_logistic(const data::Matrix& rows, double ridge, int max_iterations) {
  if (rows.rows == 0) throw ParametersError("logistic fit: there are no rows");
  if (ridge < 0) throw ParametersError("logistic fit: the ridge must not be negative");
  constexpr double kDecrementTolerance =
      1e-20;                               // of twice the loss still to be gained: weights to about 1e-10
  constexpr double kLossRounding = 1e-13;  // near the fit a step gains less than the loss can show
  constexpr int kMaxHalvings = 40;
  LogisticFit fit;
  fit.weights.assign(rows.columns, 0.0);
  std::vector<double> z = multiply(rows, fit.weights);
  double loss = penalized_loss(z, fit.weights, ridge);
  for (; fit.iterations < max_iterations && !fit.converged; ++fit.iterations) {
    const std::vector<double> g = descent(rows, z, fit.weights, ridge);
    const std::vector<long double> direction = newton_direction(rows, z, g, ridge);
    if (direction.empty()) return fit;
    double decrement = 0;
    for (std::size_t j = 0; j < g.size(); ++j) decrement += static_cast<double>(g[j] * direction[j]);
    fit.converged = decrement <= kDecrementTolerance;
    double step = 1;
    for (int halving = 0; halving < kMaxHalvings; ++halving, step /= 2) {
      std::vector<double> trial = fit.weights;
      for (std::size_t j = 0; j < trial.size(); ++j) trial[j] += step * static_cast<double>(direction[j]);
      std::vector<double> trial_z = multiply(rows, trial);
      const double trial_loss = penalized_loss(trial_z, trial, ridge);
      if (!(trial_loss <= loss + kLossRounding)) continue;
      fit.weights = std::move(trial);
      z = std::move(trial_z);
      loss = trial_loss;
      break;
    }
  }
  return fit;
}

std::vector<double> margins(const data::Matrix& rows, std::span<const double> weights) {
  if (rows.columns != weights.size())
    throw MismatchError("margins: the rows do not fit the model", std::to_string(rows.columns) + " columns",
                        std::to_string(weights.size()) + " weights");
  return multiply(rows, weights);
}

std::vector<double> probabilities(std::span<const double> margins) {
  std::vector<double> p(margins.size());
  std::transform(margins.begin(), margins.end(), p.begin(), sigmoid);
  return p;
}

double largest_margin(const data::Matrix& rows, std::span<const double> weights) {
  return largest_magnitude(margins(rows, weights));
}

}  // namespace cloister::ml
