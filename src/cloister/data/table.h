#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cloister::data {

enum class ColumnType { kNumeric, kText };

/// One named column of clear cells: numbers, or texts drawn from a set of categories. A cell that has
/// no value is missing: is_missing() says so, and a missing number reads as NaN.
class Column {
 public:
  /// Numbers; NaN marks a missing cell. Throws ParametersError on an infinite one.
  static Column numeric(std::string name, std::vector<double> numbers);
  /// Texts; nullopt marks a missing cell. The views are copied.
  static Column text(std::string name, std::span<const std::optional<std::string_view>> cells);

  const std::string& name() const noexcept { return name_; }
  ColumnType type() const noexcept { return type_; }
  bool is_numeric() const noexcept { return type_ == ColumnType::kNumeric; }
  std::size_t rows() const noexcept { return missing_.size(); }
  bool is_missing(std::size_t row) const { return missing_[row]; }
  std::size_t missing_count() const noexcept { return missing_count_; }

  /// The value of a numeric column's cell; NaN if it is missing.
  double number(std::size_t row) const { return numbers_[row]; }
  /// The text of a text column's cell that is not missing.
  const std::string& text_at(std::size_t row) const { return categories_[codes_[row]]; }
  /// Where text_at(row) stands in categories().
  std::size_t category_code(std::size_t row) const { return codes_[row]; }
  /// The distinct texts of a text column in byte order.
  std::span<const std::string> categories() const noexcept { return categories_; }

  /// The cells at `rows`, in that order. A category that no cell is left of goes too.
  Column select_rows(std::span<const std::size_t> rows) const;

 private:
  Column(std::string name, ColumnType type) : name_(std::move(name)), type_(type) {}

  std::string name_;
  ColumnType type_;
  std::vector<double> numbers_;
  std::vector<std::uint32_t> codes_;
  std::vector<std::string> categories_;
  std::vector<bool> missing_;
  std::size_t missing_count_ = 0;
};

/// Columns of equal length under distinct names, and the line of the source that each row came from,
/// so that a later error can name it. Immutable.
class Table {
 public:
  Table() = default;
  /// `lines` has one number a row; without it, rows count from line 2, as under a header. Throws
  /// ParametersError on unequal lengths or on names that are empty or appear twice.
  explicit Table(std::vector<Column> columns, std::vector<std::uint64_t> lines = {});

  std::size_t rows() const noexcept { return lines_.size(); }
  std::span<const Column> columns() const noexcept { return columns_; }
  std::uint64_t line(std::size_t row) const { return lines_[row]; }

  /// The column of that name, or nullptr.
  const Column* find(std::string_view name) const noexcept;
  /// The column of that name; a NotFound error names the columns there are and the nearest of them.
  const Column& column(std::string_view name) const;

  /// The rows at `rows`, in that order, with their line numbers.
  Table select_rows(std::span<const std::size_t> rows) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::uint64_t> lines_;
};

}  // namespace cloister::data
