#include "cloister/ml/noise_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "cloister/ml/internal/gradient_noise.h"

namespace cloister::ml {
namespace {

// A prediction: products with the strips, the sum over a row's slots, a mask where those are several.
double margin_error(const OperationNoise& op, const CkksPlan& plan) {
  const double kappa = plan.state_scale, row_slots = static_cast<double>(plan.packing.row_slots);
  const double row_norm = plan.margins.magnitude / plan.weights.magnitude;
  const double sum =
      op.weighted_sum(op.fresh, kappa * plan.weights.magnitude, row_slots) + square(row_norm) * op.facing;
  // The last factor is 1 / (state scale, margin scale); what it adds grows again when the owner undoes the
  // latter.
  const double partial = kappa * plan.margins.magnitude;
  const double mask = plan.packing.row_slots > 1 ? op.mask * square(partial) : 0;
  const double variance = sum / square(kappa) + square(plan.margin_scale) * (mask + op.rounding);
  return op.deviations * std::sqrt(variance);
}

}  // namespace

// Like norm_bound, for tails that are exponential: those of a norm are no heavier than a coordinate's
// (Bobkov, Ledoux 1997).
RenewalError renewal_error(const CkksPlan& plan, const circuits::BootstrappingNoise& noise,
                           std::size_t features) {
  const double weights = plan.bootstrapping->range / plan.state_scale;
  const double root = std::sqrt(static_cast<double>(features));
  return {weights * noise.largest_deviation * (root + noise.tails), weights * noise.systematic * root};
}

double logistic_training_error(double per_iteration, const RenewalError& renewal, const LevelSchedule& levels,
                               const std::vector<double>& gains, const std::vector<double>& renewal_gains) {
  double sum = 0, systematic = 0, squares = 0;
  for (const double gain : gains) sum += gain * per_iteration;
  for (std::size_t t = 0; t < levels.iterations.size(); ++t) {
    if (!levels.iterations[t].renewed) continue;
    systematic += renewal_gains[t] * renewal.systematic;
    squares += square(renewal_gains[t] * renewal.independent);
  }
  return sum + systematic + std::sqrt(squares);
}

double prediction_error(const rlwe::ParametersSpec& chain, const CkksPlan& plan) {
  return margin_error(OperationNoise(chain, plan), plan);
}

InjectedError logistic_injected_error(const rlwe::ParametersSpec& chain, const CkksPlan& plan,
                                      const JobRequest& request, const LogisticSchedule& schedule) {
  const OperationNoise op(chain, plan);
  double fastest = 0;
  for (std::size_t t = 0; t < schedule.step.size(); ++t)
    fastest = std::max(fastest, schedule.step[t] * (1 + schedule.momentum[t]));
  return {gradient_error(op, plan, request, schedule.sigmoid, schedule.features, schedule.spectrum_cap,
                         schedule.batches, fastest),
          margin_error(op, plan)};
}

InjectedError linear_injected_error(const rlwe::ParametersSpec& chain, const CkksPlan& plan,
                                    const JobRequest& request, const LinearSchedule& schedule) {
  const OperationNoise op(chain, plan);
  const double kappa = plan.state_scale, width = static_cast<double>(plan.packing.width);
  const double n = static_cast<double>(request.rows),
               per_block = static_cast<double>(plan.packing.rows_per_block());
  const double blocks = std::ceil(n / per_block);
  // Rows rotated inside themselves, products of mean square 1 with both, sums over rows, the mask 1 / n.
  const double rows = op.fresh + op.rounding;
  const double rotated =
      2 * (op.fresh + 2 * op.key_switch + op.mask * square(request.feature_bound)) + op.rounding;
  const double moments =
      n * (rows + rotated) + blocks * per_block * op.rounding + per_block * (op.rounding + op.key_switch);
  const double matrix = moments / square(n) + op.mask + 2 * op.rounding + op.key_switch / square(n);
  // A product with the matrix: its error times the weights (and the target's 1), the rotations' times the
  // matrix, whose rows have at most width entries of at most 1.
  double worst = 0;
  const double largest = square(plan.weights.magnitude) + 1;
  for (std::size_t t = 0; t < schedule.step.size(); ++t) {
    const double step = schedule.step[t];
    const double product = square(step) * width * (matrix * square(kappa) * largest + 3 * op.key_switch) +
                           square(kappa) * width * op.rounding * largest;
    worst = std::max(worst, product + 4 * op.rounding);
  }
  const double first = width * square(schedule.start * kappa) * matrix + width * op.mask + op.rounding;
  const double d = static_cast<double>(schedule.features);
  return {op.deviations * std::sqrt(d * std::max(worst, first)) / kappa, margin_error(op, plan)};
}

}  // namespace cloister::ml
