#pragma once

#include <cstdint>
#include <vector>

#include "cloister/data/matrix.h"

namespace cloister::ml {

/// How the rows of a table lie in the slots of ciphertexts. A row has `width` columns, zeros after the last
/// one, and gets `row_slots` slots in each of strips() = width / row_slots ciphertexts, which together are a
/// block: slot s of strip j holds, of row s / row_slots of the block, column (s + j row_slots) mod width.
/// All three are powers of two. With row_slots = width a block is one ciphertext that holds whole rows.
///
/// So the weights, repeated through all slots (tile), meet strip j rotated by j row_slots; and what belongs
/// to column s mod width stands, of all strips rotated back, in slot s, so that a rotation by a multiple of
/// the width, around the cycle of all slots, adds up like columns. Fewer slots a row are more rows a block,
/// on which what is done once a block is done once.
/// Source: Kim, Song, Kim, Lee, Cheon, "Logistic regression model training based on the approximate
/// homomorphic encryption", 2018, for whole rows; the strips are diagonals as in Halevi, Shoup 2014.
struct StripPacking {
  std::size_t slots = 0;
  std::size_t width = 0;
  std::size_t row_slots = 0;

  /// Whole rows. Throws ParametersError if the columns do not fit the slots.
  static StripPacking create(std::size_t slots, std::size_t columns);
  /// Throws ParametersError, too, if row_slots is not a power of two or exceeds the width.
  static StripPacking create(std::size_t slots, std::size_t columns, std::size_t row_slots);
  static std::size_t width_of(std::size_t columns);

  std::size_t strips() const noexcept { return width / row_slots; }
  std::size_t rows_per_block() const noexcept { return slots / row_slots; }
  /// How often the columns repeat through the slots.
  std::size_t periods() const noexcept { return slots / width; }
  std::size_t blocks(std::uint64_t rows) const noexcept {
    return static_cast<std::size_t>((rows + rows_per_block() - 1) / rows_per_block());
  }
  std::size_t ciphertexts(std::uint64_t rows) const noexcept { return blocks(rows) * strips(); }

  /// The slots of a strip of a block, from rows [n][columns], columns <= width.
  std::vector<double> pack(const data::Matrix& rows, std::size_t block, std::size_t strip) const;
  /// A row of up to `width` values again and again through all slots: how weights lie.
  std::vector<double> tile(std::span<const double> row) const;
  /// The same rotated by strip row_slots: how weights meet a strip.
  std::vector<double> tile(std::span<const double> row, std::size_t strip) const;
  /// `value` in the first slot of every row, 0 elsewhere.
  std::vector<double> row_mask(double value) const;
  /// `value` wherever column `column` of a tile stands, 0 elsewhere.
  std::vector<double> column_mask(std::size_t column, double value) const;

  friend bool operator==(const StripPacking&, const StripPacking&) = default;
};

}  // namespace cloister::ml
