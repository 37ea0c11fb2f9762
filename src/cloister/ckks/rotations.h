#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/rotation_basis.h"

namespace cloister::ckks {

/// Movement of slots. No operation here takes a level; each key switch adds its noise to the bound.
class Rotations {
 public:
  /// With a basis, a rotation that has no key of its own is made of several that have.
  explicit Rotations(const Evaluator& evaluator, RotationBasis basis = {})
      : evaluator_(&evaluator), basis_(std::move(basis)) {}

  /// Slot i of the result is slot i + steps of the operand, cyclic over the N/2 slots; any sign. One key
  /// switch; none for 0. The operand must be in two parts.
  Ciphertext rotate(const Ciphertext& a, std::int64_t steps) const;
  /// The complex conjugate of every slot.
  Ciphertext conjugate(const Ciphertext& a) const;
  /// Several rotations of one ciphertext, which is decomposed once (hoisting). The basis is not used.
  std::vector<Ciphertext> rotate_hoisted(const Ciphertext& a, std::span<const std::int64_t> steps) const;

  /// The rotations of `a` by 0, stride, ..., (count - 1) stride; count a power of two. Where there are keys
  /// for k, 2k and 3k, k = stride, 4 stride, ..., three rotations share a decomposition; else one follows
  /// another by k. count - 1 key switches, each result behind three for each factor of four of the count at
  /// most, or one where they are hoisted.
  std::vector<Ciphertext> rotate_multiples(const Ciphertext& a, std::int64_t stride,
                                           std::int64_t count) const;

  /// a plus the sum of its rotations by `steps`, each of which must have a key: one decomposition and one
  /// division by P for all (double hoisting).
  Ciphertext add_rotations(const Ciphertext& a, std::span<const std::int64_t> steps) const;

  /// Slot i of the result is the sum of slots i, i + stride, ..., i + (count - 1) stride (cyclic); count a
  /// power of two. Where there are keys for them, three rotations at once by k, 2k and 3k, k = stride, 4
  /// stride, ... ; else one by one by stride, 2 stride, ... . With a negative stride it spreads to the right.
  /// Leaves partial sums in other slots: mask before anything is released.
  Ciphertext sum_slots(const Ciphertext& a, std::int64_t stride, std::int64_t count) const;
  /// The rotations that sum_slots makes one by one.
  static std::vector<std::int64_t> sum_slots_steps(std::int64_t stride, std::int64_t count);

 private:
  Ciphertext rotate_once(const Ciphertext& a, std::int64_t step) const;
  Ciphertext switched(const Ciphertext& a, const rlwe::GaloisKey& key) const;
  Ciphertext switched(const Ciphertext& a, const rlwe::Decomposition& digits,
                      const rlwe::GaloisKey& key) const;
  bool has_key(std::int64_t step) const;
  /// Of two parts, and of the evaluator's parameters.
  void check(const Ciphertext& a, const char* operation) const;
  const rlwe::GaloisKey& key(std::uint64_t element, const std::string& what) const;

  const Evaluator* evaluator_;
  RotationBasis basis_;
};

}  // namespace cloister::ckks
