#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "apps/cloister/terminal/terminal.h"

namespace cloister::app {

/// Columns of text under each other, for plans and results on a terminal.
class TextTable {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string header;
    Align align = Align::kLeft;
  };
  struct Style {
    std::size_t columns = 80;  ///< lines are kept within it by wrapping the last column at its words
    bool colour = false;       ///< a bold header
    bool unicode = true;       ///< the rule under the header
  };

  /// Errors: ParametersError without columns.
  explicit TextTable(std::vector<Column> columns);

  /// Adds a row, its cells sanitized. Errors: ParametersError unless one cell a column.
  void add_row(std::vector<std::string> cells);

  std::size_t rows() const noexcept { return rows_.size(); }

  /// The table with a line end after every line. The header is left out where all its names are empty.
  /// A last column that is right-aligned, or would get under 12 columns, is not wrapped.
  std::string render(const Style& style) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace cloister::app
