#include "cloister/ml/row_packing.h"

#include <algorithm>
#include <bit>
#include <string>

#include "cloister/base/error.h"

namespace cloister::ml {

RowPacking RowPacking::create(std::size_t slots, std::size_t columns) {
  const std::size_t width = std::bit_ceil(std::max<std::size_t>(columns, 1));
  if (width > slots)
    throw ParametersError("packing: " + std::to_string(columns) + " columns do not fit the " +
                          std::to_string(slots) + " slots of a ciphertext; drop columns");
  return {slots, width};
}

std::vector<double> RowPacking::pack(const data::Matrix& rows, std::size_t block) const {
  if (rows.columns > width) throw InternalError("packing: more columns than planned");
  std::vector<double> out(slots, 0.0);
  const std::size_t first = block * rows_per_ciphertext();
  const std::size_t last = std::min(first + rows_per_ciphertext(), rows.rows);
  for (std::size_t r = first; r < last; ++r)
    std::ranges::copy(rows.row(r), out.begin() + static_cast<std::ptrdiff_t>((r - first) * width));
  return out;
}

std::vector<double> RowPacking::tile(std::span<const double> row) const {
  if (row.size() > width) throw InternalError("packing: more columns than planned");
  std::vector<double> out(slots, 0.0);
  for (std::size_t start = 0; start < slots; start += width)
    std::ranges::copy(row, out.begin() + static_cast<std::ptrdiff_t>(start));
  return out;
}

std::vector<double> RowPacking::column_mask(std::size_t column, double value) const {
  std::vector<double> out(slots, 0.0);
  for (std::size_t i = column; i < slots; i += width) out[i] = value;
  return out;
}

}  // namespace cloister::ml
