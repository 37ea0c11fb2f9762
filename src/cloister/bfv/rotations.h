#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cloister/bfv/evaluator.h"

namespace cloister::bfv {

/// Movement of a batch's slots, by Galois keys of rlwe/galois.h: galois_element_of_rotation for rows,
/// galois_element_of_conjugation for columns. Each adds key_switch_noise. Operands must be in two parts.
class Rotations {
 public:
  explicit Rotations(const Evaluator& evaluator) : evaluator_(&evaluator) {}

  /// In both rows, slot i of the result is slot i + steps of the operand, cyclic over the row's N/2 slots;
  /// any sign. One key switch; none for 0.
  Ciphertext rotate_rows(const Ciphertext& a, std::int64_t steps) const;
  /// Exchanges the rows: rotates each column of two. One key switch.
  Ciphertext rotate_columns(const Ciphertext& a) const;
  /// Several rotations of one ciphertext, which is decomposed once (hoisting).
  std::vector<Ciphertext> rotate_rows_hoisted(const Ciphertext& a, std::span<const std::int64_t> steps) const;
  /// The sum of all slots of the operand in every slot of the result: log2 N rotations, by the powers of two
  /// below N/2 and of the columns, which all need keys.
  Ciphertext sum_slots(const Ciphertext& a) const;

 private:
  Ciphertext switched(const Ciphertext& a, const rlwe::Decomposition& digits,
                      const rlwe::GaloisKey& key) const;
  Ciphertext moved(const Ciphertext& a, std::uint64_t element, const std::string& what) const;
  const rlwe::GaloisKey& key(std::uint64_t element, const std::string& what) const;
  void check(const Ciphertext& a) const;

  const Evaluator* evaluator_;
};

}  // namespace cloister::bfv
