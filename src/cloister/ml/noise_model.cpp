#include "cloister/ml/noise_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "cloister/ckks/noise.h"
#include "cloister/ml/batches.h"
#include "cloister/ml/odd_polynomial.h"
#include "cloister/random/samplers.h"
#include "cloister/rlwe/noise.h"

namespace cloister::ml {
namespace {

constexpr int kLog2Operations = 8;  // that share the probability of 2^-40

double square(double x) { return x * x; }

// Variances in slot values of what single operations add, at the scale and chain of a plan.
struct OperationNoise {
  double fresh = 0, rounding = 0,
         key_switch = 0;  // a product's relinearization and rescaling are one key_switch
  double mask = 0;        // of encoding slots that repeat from row to row
  double tile = 0;        // of encoding weights
  double facing = 0;      // of weights, rotated to meet a strip
  double deviations = 0;  // how many of them no slot's error exceeds, but for 2^-40: see ckks/noise.h

  OperationNoise(const rlwe::ParametersSpec& chain, const CkksPlan& plan) {
    const double n = std::exp2(plan.parameters.log2_degree);
    const double unit = n / std::exp2(2.0 * plan.parameters.scale_bits);
    const double round = (1 + n * 2 / 3) / 12;
    // Slots of period w are a polynomial in X^(N / 2w): only 2w of its coefficients are rounded.
    mask = unit / 12 * 2 * static_cast<double>(plan.packing.row_slots) / n;
    tile = unit / 12 * 2 * static_cast<double>(plan.packing.width) / n;
    fresh = unit * (kErrorVariance + 1.0 / 12);
    rounding = unit * round;
    key_switch = unit * (rlwe::key_error_variance(chain, chain.q_primes.size()) + round);
    facing = plan.trains ? rotations_behind(plan.packing.strips()) * key_switch : tile;
    deviations = ckks::complex_product_tails(plan.parameters.log2_degree + kLog2Operations + 1);
  }

  // How many rotations weights have behind them at most: Rotations::rotate_multiples, one after another.
  static double rotations_behind(std::size_t strips) {
    double count = 0;
    for (; strips >= 4; strips /= 4) count += 3;
    return count + (strips == 2 ? 1 : 0);
  }
  // Of a sum of `count` rotated copies.
  double rotated_sum(double variance, double count) const {
    return count * variance + (count - 1) * key_switch;
  }
  // Of the sums over a row's slots of products with weights of a norm, whose squares add up to its own, and
  // that are added over strips before their key switch. What the weights bring comes besides.
  double weighted_sum(double rows, double norm, double row_slots) const {
    return square(norm) * rows + rotated_sum(key_switch, row_slots);
  }
  // What the norm of a vector of d real parts, of variance `each` and no larger than `most` in any direction,
  // both as complex variances, exceeds with the same probability as a slot: the root of its mean square and,
  // since a norm changes by no more than a coordinate, a tail that does not grow with d (Bobkov, Ledoux
  // 1997).
  double norm_bound(double d, double each, double most) const {
    return std::sqrt(d * each / 2) + deviations * std::sqrt(most);
  }
};

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

// What the factors of the sigmoid's monic polynomial in u besides u itself are at most together, |u| <= 1, in
// the form in which the trainer multiplies them.
double monic_factors_bound(const PolynomialFit& sigmoid) {
  std::vector<double> odd;
  double power = sigmoid.range;
  for (int k = 1; k <= sigmoid.degree(); k += 2, power *= square(sigmoid.range))
    odd.push_back(sigmoid.power[static_cast<std::size_t>(k)] * power);
  for (double& c : odd) c = std::abs(c / odd.back());
  if (odd.size() < 4) return std::accumulate(odd.begin(), odd.end(), 0.0);
  double lead = sigmoid.power.back() * std::pow(sigmoid.range, sigmoid.degree());
  const auto monic = [&](int k) {
    return sigmoid.power[static_cast<std::size_t>(k)] * std::pow(sigmoid.range, k) / lead;
  };
  const CubicFactors f = factor_monic_cubic(monic(5), monic(3), monic(1));
  return (1 + std::abs(f.root)) * (1 + std::abs(f.p) + std::abs(f.q));
}

}  // namespace

namespace {

double least_batch(std::uint64_t rows, const StripPacking& packing, std::size_t batches) {
  std::size_t least = static_cast<std::size_t>(rows);
  for (std::size_t b = 0; batches > 1 && b < batches; ++b)
    least = std::min(
        least, batch_rows(static_cast<std::size_t>(rows), packing.rows_per_block(), batches, b).count());
  return static_cast<double>(least);
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
  const StripPacking& packing = plan.packing;
  const double kappa = plan.state_scale, scale = plan.row_scale;
  const double row_slots = static_cast<double>(packing.row_slots),
               strips = static_cast<double>(packing.strips()),
               periods = static_cast<double>(packing.periods());
  const double range = schedule.sigmoid.range;
  // Of the largest batch the blocks, of the smallest the rows.
  const double blocks =
      std::ceil(static_cast<double>(packing.blocks(request.rows)) / static_cast<double>(schedule.batches));
  const double n = least_batch(request.rows, packing, schedule.batches);
  const double places = blocks * static_cast<double>(packing.rows_per_block());
  const double look_ahead = plan.weights.magnitude;  // logistic_weight_bound covers v too
  const double d = static_cast<double>(schedule.features);
  const auto& sigmoid = schedule.sigmoid;
  // u = z / R in every slot of a row, of fresh rows, which are not rescaled: their limbs are dropped.
  const double sums =
      op.weighted_sum(op.fresh, kappa * look_ahead, row_slots) / square(kappa * scale * range);
  const double u = packing.row_slots == 1
                       ? sums
                       : op.rotated_sum(sums + op.mask * square(2 * kappa * range) + op.rounding, row_slots);
  // Of u, by what the weights' rotations bring, in units of the row's norm. Rows of several blocks meet the
  // same error: with A the sum of x x^T over the rows at one place, |A e|^2 <= blocks * sum of |x|^2 (x e)^2
  // by Cauchy and Schwarz, and |x|^2 has the mean d.
  const double facing = blocks * d * op.facing / square(kappa * range);
  const double slope = range * std::max(std::abs(sigmoid.max_slope), std::abs(sigmoid.min_slope));
  const double lead = sigmoid.power.back() * std::pow(range, sigmoid.degree());
  const double others = monic_factors_bound(sigmoid);
  double worst = 0;
  for (std::size_t t = 0; t < schedule.step.size(); ++t) {
    const double gain = schedule.step[t] * kappa / n * (1 + schedule.momentum[t]);
    // gain x q(R u), summed over rows of mean square 1: what u brings, through the slope, and the rows do.
    const double through = n * square(gain) * (square(slope) * (u + facing) + op.fresh / square(scale));
    // The factors of the polynomial: at most four products that make those besides u, times the rest; and
    // the one that carries the gain, of two roundings, times the others. It is x u in every slot, or u alone:
    // then x, of rows that travel scaled, comes at the end, with one more product.
    const double each = op.rounding + op.key_switch;
    const double factors =
        n * square(gain * lead * others) * 4 * each +
        (packing.row_slots == 1 ? n * square(scale) * (square(others) * each + op.key_switch)
                                : places * square(others) * each);
    // Each strip's sum has its relinearization and rescaling, all but one a rotation back; then the rotations
    // that add up periods; the sum over rows, scaled, which is the constant part; and what the weights of
    // before bring, which are brought down where a run starts lower.
    const double end = op.rotated_sum((2 * strips - 1) * op.key_switch, periods) + 6 * op.rounding +
                       square(gain / (2 * scale)) *
                           (places * op.fresh + op.rotated_sum((strips - 1) * op.key_switch, periods));
    // The rows may go together in one direction: as much as the spectrum's cap says.
    const double independent = factors + end;
    worst = std::max(worst,
                     op.norm_bound(d, through + independent, schedule.spectrum_cap * through + independent));
  }
  return {worst / kappa, margin_error(op, plan)};
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
