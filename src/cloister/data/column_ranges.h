#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "cloister/base/bytes.h"
#include "cloister/data/matrix.h"
#include "cloister/data/schema.h"
#include "cloister/data/table.h"
#include "cloister/random/prng.h"

namespace cloister::data {

/// A column of numbers, and between what its histogram counts.
struct ColumnRange {
  std::string name;
  double low = 0;
  double high = 1;  ///< above low

  /// What 1 stands for when the column is summed: the least power of two that neither end exceeds, so that
  /// dividing by it loses nothing.
  double unit() const;
  /// bins + 1 ascending numbers from low to high, equally far apart up to rounding.
  std::vector<double> edges(std::uint32_t bins) const;
  bool operator==(const ColumnRange&) const = default;
};

/// A range of few digits around another one: widened outwards to whole multiples of the largest power of ten
/// that its length is not below. What is told of a column to whoever gets to know its range.
Range rounded_outwards(const Range& range);

/// Rows ready to be summed and counted.
struct BinnedRows {
  Matrix values;                    ///< [rows][columns], each in its column's unit
  std::vector<std::uint32_t> bins;  ///< likewise; empty where there are no histograms
  std::size_t left_out = 0;         ///< rows that lack a value of one of the columns
};

/// What several owners agree on before they contribute to statistics: which columns, between what ends, in
/// how many bins. Owners share it, and nobody else needs it: a plan holds its digest alone, which tells
/// nothing about it, since it is salted.
class ColumnRanges {
 public:
  /// Throws ParametersError for no column, a name that is empty or there twice, ends that are not finite,
  /// beyond 1e150 or not ascending, and more than 2^16 bins. The salt is drawn from `prng`.
  static ColumnRanges create(std::vector<ColumnRange> columns, std::uint32_t bins, Prng& prng);

  std::span<const ColumnRange> columns() const noexcept { return columns_; }
  /// Between the ends; those of a histogram are two more, the first for what lies below `low` and the last
  /// for what lies above `high`. 0: no histograms.
  std::uint32_t bins() const noexcept { return bins_; }

  /// SHA-256 of to_json, salt included.
  Bytes32 digest() const;
  nlohmann::json to_json() const;
  /// The inverse of to_json, doubles included. Throws DataLoss on anything else.
  static ColumnRanges from_json(const nlohmann::json& json);

  /// A value equal to an edge is counted in the bin above it, and one equal to `high` in the last bin within
  /// the range. Rows that lack a value of any of the columns are left out. Throws NotFound for a column, and
  /// ParametersError naming column and line for a text.
  BinnedRows apply(const Table& table) const;

 private:
  ColumnRanges(std::vector<ColumnRange> columns, std::uint32_t bins, const Bytes32& salt);

  std::vector<ColumnRange> columns_;
  std::uint32_t bins_ = 0;
  Bytes32 salt_{};
};

}  // namespace cloister::data
