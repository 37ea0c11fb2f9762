#include "cloister/ml/newton_noise.h"

#include <algorithm>
#include <cmath>

#include "cloister/ml/internal/gradient_noise.h"
#include "cloister/ml/internal/moment_noise.h"

namespace cloister::ml {
NewtonErrors newton_injected_errors(const rlwe::ParametersSpec& chain, const CkksPlan& plan,
                                    const JobRequest& request, const NewtonSchedule& schedule,
                                    const NewtonBounds& bounds) {
  const OperationNoise op(chain, plan);
  const LinearSchedule& solve = schedule.solve;
  const double d = static_cast<double>(schedule.features), kappa = plan.state_scale;
  const double path = OperationNoise::rotations_behind(plan.packing.width), largest = bounds.direction;
  NewtonErrors out;
  out.gradient = gradient_error(op, plan, request, schedule.sigmoid, schedule.features,
                                schedule.spectrum_cap, 1, solve.start * schedule.step / schedule.curvature);
  // Entries on both sides of the diagonal share their error.
  const double matrix = moment_variance(op, plan, request, 1);
  const double matrix_norm = op.norm_bound(d * d, matrix, 2 * matrix);
  for (const double step : solve.step) {
    // Weights' rotations, through a row of G: its squares add up to at most the cap times its entry on the
    // diagonal, which is 1. Diagonals that are brought down, of all slots, through the direction. The
    // product's end, and the three terms that are brought down beside it.
    const double each = square(step) * schedule.spectrum_cap * path * op.key_switch +
                        square(kappa * largest) * op.rounding + op.key_switch + 4 * op.rounding;
    out.product = std::max(out.product,
                           step * matrix_norm * largest + op.norm_bound(d, each, each) / kappa);
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
