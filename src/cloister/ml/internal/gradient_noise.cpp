#include "cloister/ml/internal/gradient_noise.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "cloister/ml/batches.h"
#include "cloister/ml/odd_polynomial.h"

namespace cloister::ml {
namespace {

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

double least_batch(std::uint64_t rows, const StripPacking& packing, std::size_t batches) {
  std::size_t least = static_cast<std::size_t>(rows);
  for (std::size_t b = 0; batches > 1 && b < batches; ++b)
    least = std::min(
        least, batch_rows(static_cast<std::size_t>(rows), packing.rows_per_block(), batches, b).count());
  return static_cast<double>(least);
}

}  // namespace

double gradient_error(const OperationNoise& op, const CkksPlan& plan, const JobRequest& request,
                      const PolynomialFit& sigmoid, std::size_t features, double spectrum_cap,
                      std::size_t batches, double rate) {
  const StripPacking& packing = plan.packing;
  const double kappa = plan.state_scale, scale = plan.row_scale;
  const double row_slots = static_cast<double>(packing.row_slots),
               strips = static_cast<double>(packing.strips()),
               periods = static_cast<double>(packing.periods());
  const double range = sigmoid.range;
  // Of the largest batch the blocks, of the smallest the rows.
  const double blocks =
      std::ceil(static_cast<double>(packing.blocks(request.rows)) / static_cast<double>(batches));
  const double n = least_batch(request.rows, packing, batches);
  const double places = blocks * static_cast<double>(packing.rows_per_block());
  const double weights = plan.weights.magnitude;
  const double d = static_cast<double>(features);
  // u = z / R in every slot of a row, of fresh rows, which are not rescaled: their limbs are dropped.
  const double sums = op.weighted_sum(op.fresh, kappa * weights, row_slots) / square(kappa * scale * range);
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
  const double gain = rate * kappa / n;
  // gain x q(R u), summed over rows of mean square 1: what u brings, through the slope, and the rows do.
  const double through = n * square(gain) * (square(slope) * (u + facing) + op.fresh / square(scale));
  // The factors of the polynomial: at most four products that make those besides u, times the rest; and
  // the one that carries the gain, of two roundings, times the others. It is x u in every slot, or u alone:
  // then x, of rows that travel scaled, comes at the end, with one more product.
  const double each = op.rounding + op.key_switch;
  const double factors = n * square(gain * lead * others) * 4 * each +
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
  return op.norm_bound(d, through + independent, spectrum_cap * through + independent) / kappa;
}

}  // namespace cloister::ml
