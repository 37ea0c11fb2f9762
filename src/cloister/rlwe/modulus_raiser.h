#pragma once

#include <memory>

#include "cloister/rlwe/key_switch.h"

namespace cloister::rlwe {

/// Raises ciphertexts from the first prime q of Q to all of Q: what a pair decrypts to becomes an integer
/// polynomial m + q I instead of m modulo q. The pair is first switched to an ephemeral secret with few
/// nonzero coefficients, so that I is small, and afterwards back. Source: Bossuat, Troncoso-Pastoriza, Hubaux
/// 2022 (rlwe/security.h). Changed: the way back takes one digit, since what it multiplies is below q.
class ModulusRaiser {
 public:
  /// Throws as Parameters::encapsulated.
  ModulusRaiser(std::shared_ptr<const Parameters> parameters, const ThreadPool& pool);

  /// What |I| is at most, in every coefficient, with certainty: (1 + kEncapsulationWeight) / 2, rounded down,
  /// as long as |m| < q / 4.
  static int largest_overflow() noexcept;
  /// The error of m, in a coefficient: that of the key switch to the sparse secret, which is over q and its
  /// special prime, and of the one back.
  double error_variance() const noexcept;

  /// (c0, c1), of which the first limb counts, over all limbs of Q. Cost: about 2 l + 3 (l + k) transforms.
  PolyPair raise(const EvaluationPoly& c0, const EvaluationPoly& c1, const EncapsulationKeys& keys) const;

 private:
  std::shared_ptr<const Parameters> parameters_, encapsulated_;
  const ThreadPool* pool_;
  KeySwitcher to_sparse_;
};

}  // namespace cloister::rlwe
