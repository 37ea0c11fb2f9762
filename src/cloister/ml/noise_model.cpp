#include "cloister/ml/noise_model.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "cloister/random/samplers.h"

namespace cloister::ml {
namespace {

constexpr double kFailureBits = 40;

double square(double x) { return x * x; }

// Variances in slot values of what single operations add, at the scale and chain of a plan.
struct OperationNoise {
  double fresh = 0, encoding = 0, rounding = 0, key_switch = 0;
  double deviations = 0;  // how many of them a complex Gaussian exceeds in no slot, but for 2^-40

  OperationNoise(const rlwe::ParametersSpec& chain, const CkksPlan& plan) {
    const double n = std::exp2(plan.parameters.log2_degree);
    const double unit = n / std::exp2(2.0 * plan.parameters.scale_bits);
    const double round = (1 + n * 2 / 3) / 12;
    encoding = unit / 12;
    fresh = unit * (kErrorVariance + 1.0 / 12);
    rounding = unit * round;
    double log2_p = 0, sum = 0;
    for (const auto p : chain.p_primes) log2_p += std::log2(static_cast<double>(p));
    const std::size_t size = (chain.q_primes.size() + static_cast<std::size_t>(chain.digits) - 1) /
                             static_cast<std::size_t>(chain.digits);
    for (std::size_t start = 0; start < chain.q_primes.size(); start += size) {
      double bits = 0;
      for (std::size_t i = start; i < std::min(start + size, chain.q_primes.size()); ++i)
        bits += std::log2(static_cast<double>(chain.q_primes[i]));
      sum += std::exp2(2 * (bits - log2_p)) / 12;
    }
    key_switch = unit * (sum * n * kErrorVariance + round);
    deviations = std::sqrt(std::numbers::ln2 * (kFailureBits + plan.parameters.log2_degree + 8));
  }

  // Of a sum of `count` rotated copies.
  double rotated_sum(double variance, double count) const {
    return count * variance + (count - 1) * key_switch;
  }
};

// A prediction: product with the rows, sum over the row, mask.
double margin_error(const OperationNoise& op, const CkksPlan& plan) {
  const double kappa = plan.state_scale, width = static_cast<double>(plan.packing.width);
  const double product = square(kappa * plan.weights.magnitude) * op.fresh + op.rounding;
  const double sum = op.rotated_sum(product, width);
  // The mask is 1 / (state scale, margin scale); what it adds grows again when the owner undoes the latter.
  const double partial = kappa * plan.margins.magnitude;
  const double variance =
      sum / square(kappa) + square(plan.margin_scale) * (op.encoding * square(partial) + op.rounding);
  return op.deviations * std::sqrt(variance);
}

}  // namespace

double prediction_error(const rlwe::ParametersSpec& chain, const CkksPlan& plan) {
  return margin_error(OperationNoise(chain, plan), plan);
}

InjectedError logistic_injected_error(const rlwe::ParametersSpec& chain, const CkksPlan& plan,
                                      const JobRequest& request, const LogisticSchedule& schedule) {
  const OperationNoise op(chain, plan);
  const double kappa = plan.state_scale, width = static_cast<double>(plan.packing.width);
  const double n = static_cast<double>(request.rows), range = schedule.sigmoid.range;
  const double per_block = static_cast<double>(plan.packing.rows_per_ciphertext());
  const double look_ahead = plan.weights.magnitude;  // logistic_weight_bound covers v too
  double worst = 0;
  for (std::size_t t = 0; t < schedule.step.size(); ++t) {
    const double gain = schedule.step[t] * kappa / n * (1 + schedule.momentum[t]);
    // u = z / R in every slot of a row.
    const double rows = op.fresh + op.rounding;
    const double product = square(kappa * look_ahead) * rows + op.rounding;
    const double sums = op.rotated_sum(product, width);
    const double masked =
        sums / square(kappa * range) + op.encoding * square(2 * kappa * range) + op.rounding;
    const double u = op.rotated_sum(masked, width);
    // gain x q(R u): through u with x of mean square 1, and the roundings of the factors (u^2 + a) and
    // (u^4 + p u^2 + q), which are at most sum |b_k / b_lead|.
    const double slope =
        range * std::max(std::abs(schedule.sigmoid.max_slope), std::abs(schedule.sigmoid.min_slope));
    double factors = 0, power = range;
    const double lead = schedule.sigmoid.power.back() * std::pow(range, schedule.sigmoid.degree());
    for (int k = 1; k <= schedule.sigmoid.degree(); k += 2, power *= square(range))
      factors += std::abs(schedule.sigmoid.power[static_cast<std::size_t>(k)] * power / lead);
    const double led = gain * std::abs(lead) * request.feature_bound;
    const double roundings = 3 * op.rounding * (1 + square(factors) + square(led) * square(1 + factors));
    const double through = square(gain * slope) * u + square(gain) * rows;
    // Over the rows: what each row brings, and what each slot's rounding brings.
    const double blocks = std::ceil(n / per_block);
    const double sum =
        n * through + blocks * per_block * roundings + per_block * (op.rounding + op.key_switch);
    worst = std::max(worst, sum + 4 * op.rounding);
  }
  const double d = static_cast<double>(schedule.features);
  return {op.deviations * std::sqrt(d * worst) / kappa, margin_error(op, plan)};
}

InjectedError linear_injected_error(const rlwe::ParametersSpec& chain, const CkksPlan& plan,
                                    const JobRequest& request, const LinearSchedule& schedule) {
  const OperationNoise op(chain, plan);
  const double kappa = plan.state_scale, width = static_cast<double>(plan.packing.width);
  const double n = static_cast<double>(request.rows),
               per_block = static_cast<double>(plan.packing.rows_per_ciphertext());
  const double blocks = std::ceil(n / per_block);
  // Rows rotated inside themselves, products of mean square 1 with both, sums over rows, the mask 1 / n.
  const double rows = op.fresh + op.rounding;
  const double rotated =
      2 * (op.fresh + 2 * op.key_switch + op.encoding * square(request.feature_bound)) + op.rounding;
  const double moments =
      n * (rows + rotated) + blocks * per_block * op.rounding + per_block * (op.rounding + op.key_switch);
  const double matrix =
      moments / square(n) + op.encoding * square(1.0) + 2 * op.rounding + op.key_switch / square(n);
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
  const double first = width * square(schedule.start * kappa) * matrix + width * op.encoding + op.rounding;
  const double d = static_cast<double>(schedule.features);
  return {op.deviations * std::sqrt(d * std::max(worst, first)) / kappa, margin_error(op, plan)};
}

}  // namespace cloister::ml
