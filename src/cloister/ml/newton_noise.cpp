#include "cloister/ml/newton_noise.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "cloister/ml/internal/gradient_noise.h"

namespace cloister::ml {
namespace {

// Key switches behind the rotation of rows or weights by less than the width, at most, whatever keys there
// are: the planner chooses those by time.
double longest_path(const CkksPlan& plan) {
  const ckks::RotationBasis basis = rotation_basis(plan.packing, RotationKeys::kFew, plan.trains);
  const auto width = static_cast<std::int64_t>(plan.packing.width);
  std::size_t longest = 0;
  for (std::int64_t k = 1; k < width; ++k)
    longest = std::max({longest, basis.path(k).size(), basis.path(k - width).size()});
  return static_cast<double>(longest);
}

// Of an entry of MomentMatrix, a mean over the rows of products of mean square 1: the noise of the rows and
// of rotated rows meets the other factor; then the relinearization, the rotations that add up periods, and
// the one that makes a diagonal of another. Masks repeat with the width, and so do their errors: those of the
// two that rotate in rows meet what rows, or neighbours, have in common, which is at most 1; that of 1 / n a
// sum over the rows.
double matrix_variance(const OperationNoise& op, const CkksPlan& plan, const JobRequest& request,
                       double path) {
  const double n = static_cast<double>(request.rows), periods = static_cast<double>(plan.packing.periods());
  const double lowered = op.fresh + op.rounding;
  const double rotated = 2 * (op.fresh + path * op.key_switch) + op.rounding;
  const double sums = op.rotated_sum(op.key_switch, periods) + path * op.key_switch;
  return (lowered + rotated) / n + sums / square(n) + (2 + square(n)) * op.mask + op.rounding;
}

}  // namespace

NewtonErrors newton_injected_errors(const rlwe::ParametersSpec& chain, const CkksPlan& plan,
                                    const JobRequest& request, const NewtonSchedule& schedule,
                                    const NewtonBounds& bounds) {
  const OperationNoise op(chain, plan);
  const LinearSchedule& solve = schedule.solve;
  const double d = static_cast<double>(schedule.features), kappa = plan.state_scale;
  const double path = longest_path(plan), largest = bounds.direction;
  NewtonErrors out;
  out.gradient = gradient_error(op, plan, request, schedule.sigmoid, schedule.features, schedule.spectrum_cap,
                                1, solve.start * schedule.step / schedule.curvature);
  // Entries on both sides of the diagonal share their error.
  const double matrix = matrix_variance(op, plan, request, path);
  const double matrix_norm = op.norm_bound(d * d, matrix, 2 * matrix);
  for (const double step : solve.step) {
    // Weights' rotations, through a row of G: its squares add up to at most the cap times its entry on the
    // diagonal, which is 1. Diagonals that are brought down, of all slots, through the direction. The
    // product's end, and the three terms that are brought down beside it.
    const double each = square(step) * schedule.spectrum_cap * path * op.key_switch +
                        square(kappa * largest) * op.rounding + op.key_switch + 4 * op.rounding;
    out.product = std::max(out.product, step * matrix_norm * largest + op.norm_bound(d, each, each) / kappa);
  }
  out.update = op.norm_bound(d, 2 * op.rounding, 2 * op.rounding) / kappa;
  return out;
}

double newton_training_error(const NewtonGains& gains, const NewtonErrors& errors,
                             const RenewalError& renewal, const LevelSchedule& levels) {
  double systematic = 0, squares = 0;
  for (std::size_t t = 1; t < levels.iterations.size(); ++t) {
    if (!levels.iterations[t].renewed) continue;
    systematic += gains.iteration[t - 1] * renewal.systematic;
    squares += square(gains.iteration[t - 1] * renewal.independent);
  }
  return gains.error_bound(errors) + systematic + std::sqrt(squares);
}

}  // namespace cloister::ml
