#pragma once

#include <span>

#include "cloister/paillier/evaluator.h"

namespace cloister::paillier {

// Whole matrices of encrypted rows by columns, without any secret. Errors: as Evaluator; MismatchError for
// numbers of columns that differ. A row's products with weights are Evaluator::dot.

EncryptedMatrix add(const Evaluator& evaluator, const EncryptedMatrix& a, const EncryptedMatrix& b);
EncryptedMatrix subtract(const Evaluator& evaluator, const EncryptedMatrix& a, const EncryptedMatrix& b);

/// Math: a W. Shapes: a [rows][columns], weights [columns][outputs], row-major; result [rows][outputs].
/// Effect: fraction bits add up; bounds as dot_bound. Cost: `outputs` times Evaluator::dot.
EncryptedMatrix multiply(const Evaluator& evaluator, const EncryptedMatrix& a,
                         std::span<const double> weights, std::size_t outputs, const FixedPoint& format);

/// Along rows: for each row the sum of its columns. Bound: the sum of the columns'. Cost: a multiplication a
/// ciphertext.
EncryptedVector sum_of_columns(const Evaluator& evaluator, const EncryptedMatrix& a);
/// Along columns: for each column the sum of its rows, as Evaluator::sum: one row where a ciphertext holds
/// one value, else a row for each slot, whose values the key's holder adds up.
EncryptedMatrix sum_of_rows(const Evaluator& evaluator, const EncryptedMatrix& a);

}  // namespace cloister::paillier
