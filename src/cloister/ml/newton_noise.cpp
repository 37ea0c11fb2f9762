#include "cloister/ml/newton_noise.h"

#include <algorithm>
#include <cmath>

#include "cloister/ml/internal/gradient_noise.h"
#include "cloister/ml/internal/moment_noise.h"
#include "cloister/ml/newton_trainer.h"

namespace cloister::ml {

NewtonInjectedErrors newton_injected_errors(const rlwe::ParametersSpec& chain, const CkksPlan& plan,
                                            const JobRequest& request, const NewtonSchedule& schedule,
                                            const NewtonBounds& bounds) {
  const OperationNoise op(chain, plan);
  const LinearSchedule& solve = schedule.solve;
  const double d = static_cast<double>(schedule.features), kappa = plan.state_scale;
  const double largest = bounds.direction, upper = solve.upper;
  constexpr double kEntry = NewtonTrainer::kEntryScale;
  const double path = OperationNoise::rotations_behind(plan.packing.width);
  // Constants that ride on the way down are rounded to a multiple of 1 / prime, those of the matrix of
  // kEntry times that; there are three others a product.
  const double constant = std::exp2(-plan.parameters.scale_bits) * (kEntry * upper + 3) * largest;
  // Entries on both sides of the diagonal share their error, so that a direction has up to twice the
  // variance.
  const double entry = moment_variance(op, plan, request, kEntry);
  const double matrix = op.norm_bound(d, entry, 2 * entry) * largest;
  NewtonInjectedErrors out;
  out.systematic.gradient =
      gradient_error(op, plan, request, schedule.sigmoid, schedule.features, schedule.spectrum_cap, 1,
                     solve.start * schedule.step / schedule.curvature);
  for (const double step : solve.step) {
    out.systematic.product = std::max(out.systematic.product, step * matrix + constant);
    // Rotations of the direction, through a row of G: its squares add up to at most the cap times its entry
    // on the diagonal, which is 1. Diagonals that are brought down, of all slots, through the direction. The
    // product's end, and the three terms that are brought down beside it.
    const double each = square(step) * schedule.spectrum_cap * path * op.key_switch +
                        square(kappa * largest) * op.rounding + op.key_switch + 4 * op.rounding;
    out.independent.product = std::max(out.independent.product, op.norm_bound(d, each, each) / kappa);
  }
  out.independent.update = op.norm_bound(d, 2 * op.rounding, 2 * op.rounding) / kappa;
  return out;
}

double newton_training_error(const NewtonGains& gains, const NewtonInjectedErrors& errors,
                             const RenewalError& renewal, const LevelSchedule& levels) {
  double systematic = gains.error_bound(errors.systematic), squares = 0;
  const double independent =
      square(errors.independent.update) + square(gains.product_root * errors.independent.product);
  for (std::size_t t = 0; t < levels.iterations.size(); ++t) {
    squares += square(gains.iteration[t]) * independent;
    if (!levels.iterations[t].renewed) continue;
    systematic += gains.iteration[t - 1] * renewal.systematic;
    squares += square(gains.iteration[t - 1] * renewal.independent);
  }
  return systematic + std::sqrt(squares);
}

}  // namespace cloister::ml
