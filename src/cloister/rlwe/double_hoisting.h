#pragma once

#include <memory>
#include <span>
#include <vector>

#include "cloister/rlwe/key_switch.h"
#include "cloister/rlwe/repeated_poly.h"

namespace cloister::rlwe {

/// Sums of rotations and of sums of rotations, that stay over Q and P until the end: a pair is *raised* when
/// it is over Q and P and decrypts to P times its value (in Parameters::raised_limbs, over a part of P). What
/// brings it back is one division by P, and by the last prime of Q where it is rescaled
/// (Parameters::mod_down_and_rescale). Source: Bossuat, Mouchet, Troncoso-Pastoriza, Hubaux, "Efficient
/// bootstrapping for approximate homomorphic encryption with non-sparse keys", 2021, algorithm 6. Changed:
/// rotations are made and used a block of a limb at a time, in the second cache, and never held in full; what
/// is held are the sums.
class DoubleHoisting {
 public:
  DoubleHoisting(std::shared_ptr<const Parameters> parameters, const ThreadPool& pool)
      : parameters_(std::move(parameters)), pool_(&pool) {}

  /// A rotation, by its place among the keys, and a factor over P and at least the operand's limbs of Q.
  struct Term {
    std::size_t rotation;
    const RepeatedPoly* factor;
  };

  /// For each list of terms the raised sum of the factors times the rotations of (c0, c1) by their keys; a
  /// null key stands for no rotation. No list is empty. Effect: each rotation has an error of
  /// key_error_variance in units of P, and no rounding. Cost: a decomposition, an inner product a key, two
  /// products over QP a term. Holds the digits and the sums, each a pair over QP, and a block of each
  /// rotation for every thread. Errors: MissingKeyError where a key was made for fewer limbs.
  std::vector<PolyPair> sums(const EvaluationPoly& c0, const EvaluationPoly& c1,
                             std::span<const GaloisKey* const> keys,
                             std::span<const std::vector<Term>> lists) const;

  /// total += the rotation by `key` of `operand`, all raised.
  /// Effect: an error of key_error_variance, and that of rounding one half, times the secret: in units of P.
  /// Cost: a mod-down of one half, a decomposition, an inner product. Errors: MissingKeyError as above.
  void add_rotation(const PolyPair& operand, const GaloisKey& key, PolyPair& total) const;

 private:
  EvaluationPoly raised(const EvaluationPoly& c) const;
  EvaluationPoly divided(const EvaluationPoly& c) const;

  std::shared_ptr<const Parameters> parameters_;
  const ThreadPool* pool_;
};

}  // namespace cloister::rlwe
