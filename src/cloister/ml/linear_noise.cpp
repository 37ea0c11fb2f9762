#include "cloister/ml/linear_noise.h"

#include <cmath>

#include "cloister/ml/internal/moment_noise.h"
#include "cloister/ml/linear_trainer.h"

namespace cloister::ml {

double linear_training_error(const rlwe::ParametersSpec& chain, const CkksPlan& plan,
                             const JobRequest& request, const LinearSchedule& schedule,
                             const LinearStateBounds& bounds, const std::vector<double>& gains,
                             const std::vector<double>& renewal_gains, const RenewalError& renewal) {
  const OperationNoise op(chain, plan);
  const double d = static_cast<double>(schedule.features), kappa = plan.state_scale;
  const double cap = schedule.upper - schedule.ridge;
  const double path = OperationNoise::rotations_behind(plan.packing.width);
  constexpr double kEntry = LinearTrainer::kEntryScale;
  // Constants that ride on the way down are rounded to a multiple of 1 / prime, those of the matrix of
  // kEntry times that.
  const double constant = std::exp2(-plan.parameters.scale_bits);
  const auto error_of = [&](double variance) { return op.norm_bound(d, variance, variance) / kappa; };

  // The matrix's error times a vector that it does not know, (x, -1 at the target): entries on both sides of
  // the diagonal share theirs, so that a direction has up to twice the variance.
  const double entry = moment_variance(op, plan, request, kEntry);
  const double matrix = op.norm_bound(d, entry, 2 * entry);
  // x_0: a row of (A, b) has squares that add up to at most the cap times its entry on the diagonal, which is
  // 1, and the target's 1.
  const double first = error_of(square(kEntry) * (cap + 1) * op.mask + op.rounding);
  double systematic = gains[0] * schedule.start * matrix, squares = square(gains[0] * first);
  for (std::size_t k = 0; k < schedule.step.size(); ++k) {
    const double step = schedule.step[k], x = bounds.weights[k];
    const double extended = std::sqrt(square(x) + 1);
    systematic +=
        gains[k + 1] * (step * matrix * extended + constant * (kEntry * std::sqrt(schedule.upper) + 2 * x));
    // Rotations of the vector, through a row of (A, b); the rounding of diagonals that are brought down,
    // through the vector; the product's end; what else is brought down.
    const double variance = square(step) * (cap + 1) * path * op.key_switch +
                            square(kappa * extended) * op.rounding + op.key_switch + 4 * op.rounding;
    squares += square(gains[k + 1] * error_of(variance));
  }
  // Beside the bootstrap's own: both vectors are brought to a run's first level, and the weights of before to
  // that of the others, before the change of them is scaled.
  const double lowered = error_of((1 + 2 * square(bounds.change_scale())) * op.rounding);
  const LevelSchedule levels =
      LinearTrainer::level_schedule(schedule, plan.model_level, plan.bootstrapping, plan.parameters.levels);
  for (std::size_t t = 0; t < levels.iterations.size(); ++t) {
    if (!levels.iterations[t].renewed) continue;
    systematic += renewal_gains[t] * renewal.systematic;
    squares += square(renewal_gains[t] * (renewal.independent + lowered));
  }
  return systematic + std::sqrt(squares);
}

}  // namespace cloister::ml
