#pragma once

#include <complex>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "cloister/ckks/encoder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/rlwe/repeated_poly.h"

namespace cloister::circuits {

/// How the diagonals of a linear map are grouped: diagonal d is giant + baby, with 0 <= baby <
/// giant_stride and giant a multiple of giant_stride. Baby steps rotate the operand, and share its
/// decomposition; giant steps rotate sums of products, and decompose each. Source: Halevi, Shoup, "Faster
/// homomorphic linear transformations in HElib", 2018, section 4.
struct BabyStepGiantStep {
  std::int64_t giant_stride = 1;
  std::int64_t slots = 0;

  /// The stride that takes the least time for these diagonals (any sign, cyclic), by the costs of a baby step
  /// and a giant step with double hoisting; among equals the one with the fewest keys.
  static BabyStepGiantStep choose(std::span<const std::int64_t> diagonals, std::size_t slots);

  /// The representative of a cyclic index in [-slots/2, slots/2).
  std::int64_t centred(std::int64_t diagonal) const noexcept;
  std::int64_t baby(std::int64_t diagonal) const noexcept;
  std::int64_t giant(std::int64_t diagonal) const noexcept { return centred(diagonal) - baby(diagonal); }
  /// The rotations that the diagonals need keys for: sorted, without 0.
  std::vector<std::int64_t> rotations(std::span<const std::int64_t> diagonals) const;
};

/// A linear map on the slots, in the clear, given by its nonzero diagonals: slot i of the result is the sum
/// over d of diagonal[d][i] times slot i + d (cyclic) of the operand. Immutable.
class LinearTransform {
 public:
  using Diagonal = std::vector<std::complex<double>>;

  /// Each diagonal has a value a slot. Throws ParametersError for no diagonal at all, for one that is zero
  /// (it would cost a rotation for nothing), of another length or not finite, and for two with the same
  /// cyclic index.
  LinearTransform(const std::map<std::int64_t, Diagonal>& diagonals, std::size_t slots);

  /// Multiplication of vectors of length `dimension` by a square matrix, row-major, where the vector is
  /// repeated through all slots; so is the result. Pad rectangular matrices with zeros. `dimension` divides
  /// `slots`.
  static LinearTransform from_matrix(std::span<const double> row_major, std::size_t dimension,
                                     std::size_t slots);
  static LinearTransform from_matrix(std::span<const std::complex<double>> row_major, std::size_t dimension,
                                     std::size_t slots);

  std::size_t slots() const noexcept { return slots_; }
  const std::map<std::int64_t, Diagonal>& diagonals() const noexcept { return diagonals_; }
  const BabyStepGiantStep& plan() const noexcept { return plan_; }
  /// The rotations that applying it needs keys for, at its level.
  std::vector<std::int64_t> rotations() const;
  /// The largest sum of magnitudes in a row: how much the map stretches the largest slot.
  double row_norm() const noexcept { return row_norm_; }
  /// The largest Euclidean norm of a row: how much it stretches errors that are independent of slot to slot.
  double euclidean_row_norm() const noexcept { return euclidean_row_norm_; }

 private:
  std::size_t slots_;
  std::map<std::int64_t, Diagonal> diagonals_;  // by centred index
  BabyStepGiantStep plan_;
  double row_norm_ = 0, euclidean_row_norm_ = 0;
};

/// A linear transform encoded for ciphertexts of one level. Memory: 8 N (level + 1 + k) bytes a diagonal,
/// where P has k primes; of a diagonal whose values repeat with a period of p slots, 2 p in place of N.
class EncodedLinearTransform {
 public:
  /// Throws LevelExhaustedError for level 0, ParametersError where the slots differ. `scale` is that of the
  /// diagonals, by default the level's.
  EncodedLinearTransform(const LinearTransform& transform, const ckks::Encoder& encoder, int level,
                         std::optional<ckks::Scale> scale = {});

  int level() const noexcept { return level_; }
  const std::vector<std::int64_t>& rotations() const noexcept { return rotations_; }

  /// The map applied to every slot, double hoisted: the operand is decomposed once for all baby steps, and
  /// nothing is divided by P but one half of each giant step's sum, and the result, together with the
  /// rescaling. Effect: from level() to level() - 1, after the operand was brought down to level() if it is
  /// higher. |result| <= row_norm |operand|; the error is row_norm
  /// times the operand's, plus that of the diagonals' encoding, of the baby steps' keys without any rounding,
  /// and one rounding; giant steps add theirs at the product's scale. Cost: one decomposition, an inner
  /// product with a key for each baby step, and a mod-down of one half, a decomposition and an inner product
  /// for each giant step. Memory: a pair over QP, 16 N (level + 1 + k) bytes, for each giant step, about
  /// sqrt(diagonals) of them, and the operand's digits. Errors: LevelExhaustedError where the operand is
  /// below level(), MissingKeyError. Source: Bossuat, Mouchet, Troncoso-Pastoriza, Hubaux 2021, algorithm 6;
  /// see rlwe::DoubleHoisting.
  ckks::Ciphertext apply(const ckks::Evaluator& evaluator, const ckks::Ciphertext& operand) const;
  /// The same of an operand at this level whose scale need not be the level's: the result's is the product of
  /// both scales over the level's prime. `known` is the caller's word for what is known of the result, where
  /// that is more than row_norm tells.
  ckks::Ciphertext apply_scaled(const ckks::Evaluator& evaluator, const ckks::Ciphertext& operand,
                                std::optional<ckks::ValueBound> known = {}) const;
  /// What is known of the result before the division that ends it, from what is known of the operand.
  ckks::ValueBound bound(const ckks::Parameters& parameters, const ckks::Ciphertext& operand) const;
  /// The largest Euclidean norm of a row of the map.
  double euclidean_row_norm() const noexcept { return euclidean_row_norm_; }

 private:
  struct Term {
    std::size_t baby;  // index into babies_
    rlwe::RepeatedPoly diagonal;
  };
  struct GiantStep {
    std::int64_t step;
    std::vector<Term> terms;
  };

  int level_;
  ckks::Scale scale_;
  double row_norm_, euclidean_row_norm_;
  double encoding_error_ = 0;  // summed over the diagonals
  std::vector<std::int64_t> rotations_;
  std::vector<std::int64_t> babies_;
  std::vector<GiantStep> giants_;  // by rising step
};

}  // namespace cloister::circuits
