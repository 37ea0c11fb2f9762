#pragma once

#include <array>

#include "cloister/circuits/bootstrapper.h"

namespace cloister::circuits {

/// Bootstraps more precisely by repetition: what a bootstrap did wrong, its result's difference from the
/// operand on the operand's own level, is scaled up by a power of two until it fills the range, bootstrapped
/// itself, scaled down and added. With an error B over the range, and B' of bringing the result down to the
/// operand's level, one repetition leaves about B^2 + 2 B' for twice the time; the next B^3 + 2 B', and so
/// on.
///
/// So an operand needs a scale with room below the error that is wanted: B' is what a rescaling rounds at
/// that scale, the same on every level. Repeating does not take that away, and does not touch the operand's
/// error.
///
/// Certain as a Bootstrapper: the factor is chosen by the stated bounds, never by data, such that the scaled
/// difference is within the range, and its noise within half of Bootstrapper::kMaxRelativeError of it.
///
/// Source: Bae, Cheon, Cho, Kim, Kim, "META-BTS: Bootstrapping precision beyond the limit", 2022. Changed:
/// the factor goes into a product with an integer and into a rescaling, not into the scale, so that results
/// are in normal form; and the first result is averaged over what repeats and, of real values, over
/// conjugates: a bootstrap would not see the noise there in the difference.
class PreciseBootstrapper {
 public:
  /// Borrows the bootstrapper; needs no more keys than it does. Throws ParametersError unless there is at
  /// least one repetition.
  explicit PreciseBootstrapper(const Bootstrapper& bootstrapper, int repetitions = 1);

  int repetitions() const noexcept { return repetitions_; }
  int least_level() const noexcept { return bootstrapper_->least_level(); }
  /// As Bootstrapper::bootstrap, a level lower: that of scaling down. The stated error is the operand's, and
  /// what is derived from the bounds of each step. Errors: its, and PrecisionError where the difference
  /// leaves no room to scale it up. Cost: repetitions + 1 bootstraps, and once a sum over the slots that
  /// repeat and, of real values, a conjugation.
  ckks::Ciphertext bootstrap(const ckks::Evaluator& evaluator, const ckks::Ciphertext& operand) const;
  /// As Bootstrapper::bootstrap_two, a level lower.
  std::array<ckks::Ciphertext, 2> bootstrap_two(const ckks::Evaluator& evaluator,
                                                const ckks::Ciphertext& first,
                                                const ckks::Ciphertext& second) const;

 private:
  const Bootstrapper* bootstrapper_;
  int repetitions_;
};

}  // namespace cloister::circuits
