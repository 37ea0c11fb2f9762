#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cloister/data/table.h"

namespace cloister::data {

/// The most categories that a column may have to be one-hot encoded.
inline constexpr std::size_t kMaxCategories = 32;

enum class ColumnKind {
  kNumeric,
  kBinary,       ///< exactly two distinct values, numbers or texts
  kCategorical,  ///< texts
};
std::string_view to_string(ColumnKind kind);

struct Range {
  double min = 0;
  double max = 0;
  bool operator==(const Range&) const = default;
};

/// What is known of one column. The owner's own: ranges and categories are clear statistics.
struct ColumnSchema {
  std::string name;
  ColumnKind kind = ColumnKind::kNumeric;
  std::optional<Range> range;           ///< of numbers; none if every cell is missing
  std::vector<std::string> categories;  ///< of texts, in byte order
  std::size_t missing = 0;
  bool operator==(const ColumnSchema&) const = default;
};

struct Schema {
  std::size_t rows = 0;
  std::vector<ColumnSchema> columns;
  bool operator==(const Schema&) const = default;

  /// A table with aligned columns for a terminal.
  std::string to_text() const;
  nlohmann::json to_json() const;
  /// The inverse of to_json. Throws DataLoss on anything else.
  static Schema from_json(const nlohmann::json& json);
};

/// Describes every column but the dropped ones. Throws ParametersError if a text column has more than
/// `max_categories` categories, naming all such columns and where their first text stands: they are to
/// be dropped, or corrected if they should hold numbers.
Schema infer_schema(const Table& table, std::span<const std::string> dropped = {},
                    std::size_t max_categories = kMaxCategories);

}  // namespace cloister::data
