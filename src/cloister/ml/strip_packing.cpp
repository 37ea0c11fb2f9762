#include "cloister/ml/strip_packing.h"

#include <algorithm>
#include <bit>
#include <string>

#include "cloister/base/error.h"

namespace cloister::ml {

std::size_t StripPacking::width_of(std::size_t columns) {
  return std::bit_ceil(std::max<std::size_t>(columns, 1));
}

StripPacking StripPacking::create(std::size_t slots, std::size_t columns) {
  return create(slots, columns, width_of(columns));
}

StripPacking StripPacking::create(std::size_t slots, std::size_t columns, std::size_t row_slots) {
  const std::size_t width = width_of(columns);
  if (width > slots)
    throw ParametersError("packing: " + std::to_string(columns) + " columns do not fit the " +
                          std::to_string(slots) + " slots of a ciphertext; drop columns");
  if (!std::has_single_bit(row_slots) || row_slots > width)
    throw ParametersError("packing: " + std::to_string(row_slots) +
                          " slots a row; take a power of two up to " + std::to_string(width));
  return {slots, width, row_slots};
}

std::vector<double> StripPacking::pack(const data::Matrix& rows, std::size_t block, std::size_t strip) const {
  if (rows.columns > width) throw InternalError("packing: more columns than planned");
  std::vector<double> out(slots, 0.0);
  const std::size_t first = block * rows_per_block();
  const std::size_t last = std::min(first + rows_per_block(), rows.rows);
  for (std::size_t r = first; r < last; ++r)
    for (std::size_t k = 0; k < row_slots; ++k) {
      const std::size_t slot = (r - first) * row_slots + k;
      const std::size_t column = (slot + strip * row_slots) % width;
      if (column < rows.columns) out[slot] = rows(r, column);
    }
  return out;
}

std::vector<double> StripPacking::tile(std::span<const double> row, std::size_t strip) const {
  if (row.size() > width) throw InternalError("packing: more columns than planned");
  std::vector<double> out(slots, 0.0);
  for (std::size_t slot = 0; slot < slots; ++slot) {
    const std::size_t column = (slot + strip * row_slots) % width;
    if (column < row.size()) out[slot] = row[column];
  }
  return out;
}

std::vector<double> StripPacking::tile(std::span<const double> row) const { return tile(row, 0); }

std::vector<double> StripPacking::row_mask(double value) const {
  std::vector<double> out(slots, 0.0);
  for (std::size_t i = 0; i < slots; i += row_slots) out[i] = value;
  return out;
}

std::vector<double> StripPacking::column_mask(std::size_t column, double value) const {
  std::vector<double> out(slots, 0.0);
  for (std::size_t i = column; i < slots; i += width) out[i] = value;
  return out;
}

}  // namespace cloister::ml
