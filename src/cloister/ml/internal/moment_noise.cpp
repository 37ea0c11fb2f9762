#include "cloister/ml/internal/moment_noise.h"

namespace cloister::ml {

// The noise of the rows and of rotated rows meets the other factor; then the relinearization, the rotations
// that add up periods, and the one that makes a diagonal of another. Masks repeat with the width, and so do
// their errors: those of the two that rotate in rows meet what rows, or neighbours, have in common, which is
// at most 1; that which divides by n a sum over the rows.
double moment_variance(const OperationNoise& op, const CkksPlan& plan, const JobRequest& request,
                       double entry_scale) {
  const double n = static_cast<double>(request.rows), periods = static_cast<double>(plan.packing.periods());
  const double path = OperationNoise::rotations_behind(plan.packing.width);
  const double lowered = op.fresh + op.rounding;
  const double rotated = 2 * (op.fresh + path * op.key_switch) + op.rounding;
  const double sums = op.rotated_sum(op.key_switch, periods) + path * op.key_switch;
  return (lowered + rotated) / n + sums / square(n) + 2 * op.mask +
         (square(n) * op.mask + op.rounding) / square(entry_scale);
}

}  // namespace cloister::ml
