#pragma once

#include <cstdint>
#include <vector>

#include "cloister/data/matrix.h"

namespace cloister::ml {

/// How the rows of a table lie in the slots of ciphertexts: row r of a ciphertext fills slots
/// [r * width, (r + 1) * width), column j at j, zeros after the last column and the last row. `width` is a
/// power of two, so that a rotation by a multiple of it moves whole rows around the cycle of all slots.
/// Source: Kim, Song, Kim, Lee, Cheon, "Logistic regression model training based on the approximate
/// homomorphic encryption", 2018.
struct RowPacking {
  std::size_t slots = 0;
  std::size_t width = 0;

  /// Throws ParametersError if the columns do not fit the slots.
  static RowPacking create(std::size_t slots, std::size_t columns);

  std::size_t rows_per_ciphertext() const noexcept { return slots / width; }
  std::size_t ciphertexts(std::uint64_t rows) const noexcept {
    return static_cast<std::size_t>((rows + rows_per_ciphertext() - 1) / rows_per_ciphertext());
  }

  /// The slots of ciphertext `block`, from rows [n][columns], columns <= width.
  std::vector<double> pack(const data::Matrix& rows, std::size_t block) const;
  /// A row of up to `width` values in every row of a ciphertext: how weights lie.
  std::vector<double> tile(std::span<const double> row) const;
  /// `value` in column `column` of every row, 0 elsewhere.
  std::vector<double> column_mask(std::size_t column, double value) const;

  friend bool operator==(const RowPacking&, const RowPacking&) = default;
};

}  // namespace cloister::ml
