#pragma once

#include <utility>
#include <vector>

#include "cloister/ring/rns_poly.h"
#include "cloister/rlwe/keys.h"
#include "cloister/rlwe/parameters.h"

namespace cloister::rlwe {

/// A polynomial's digits, each raised to its own limbs of Q and all of P: what is computed once for many
/// rotations of one ciphertext (hoisting).
struct Decomposition {
  std::vector<EvaluationPoly> digits;
  LimbSet limbs() const noexcept { return digits.front().limbs(); }
};

using PolyPair = std::pair<EvaluationPoly, EvaluationPoly>;

/// Hybrid key switching. With l limbs, k special ones and d digits: decompose costs l inverse and about
/// d (l + k) - l forward transforms, inner_product one pass over the key, mod_down k inverse and l
/// forward transforms a polynomial.
/// Source: Han, Ki 2020; hoisting: Halevi, Shoup, "Faster homomorphic linear transformations in HElib",
/// 2018. Changed: digits and the special part are lifted centred instead of up to multiples.
class KeySwitcher {
 public:
  KeySwitcher(std::shared_ptr<const Parameters> parameters, const ThreadPool& pool)
      : parameters_(std::move(parameters)), pool_(&pool) {}

  /// Splits and raises a polynomial over Q.
  Decomposition decompose(const EvaluationPoly& a) const;
  /// The digits' inner product with a key, over Q and P: P times (b', a') with b' + a' s = a s' + noise.
  /// Throws LevelExhausted-like MissingKeyError if the key was made for fewer limbs.
  PolyPair inner_product(const Decomposition& digits, const KeySwitchKey& key) const;
  /// Divides by P and rounds, centred: from Q and P to Q.
  EvaluationPoly mod_down(const EvaluationPoly& a) const;
  /// All three: (b', a') over Q with b' + a' s = a s' + noise (see noise.h).
  PolyPair switch_key(const EvaluationPoly& a, const KeySwitchKey& key) const;

 private:
  std::shared_ptr<const Parameters> parameters_;
  const ThreadPool* pool_;
};

}  // namespace cloister::rlwe
