#include "cloister/data/table.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>
#include <unordered_map>
#include <unordered_set>

#include "cloister/base/error.h"

namespace cloister::data {
namespace {

constexpr std::size_t kMostNamesListed = 40;

// Insertions, deletions and replacements that turn `a` into `b`, letters of either case being equal.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  std::vector<std::size_t> costs(b.size() + 1);
  std::iota(costs.begin(), costs.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = costs[0];
    costs[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = costs[j];
      costs[j] = std::min({replaced, costs[j] + 1, costs[j - 1] + 1});
    }
  }
  return costs[b.size()];
}

std::string no_such_column(std::string_view name, std::span<const Column> columns) {
  std::string message = "there is no column \"" + std::string(name) + "\"";
  const Column* nearest = nullptr;
  std::size_t best = std::max<std::size_t>(name.size() / 2, 2) + 1;
  for (const Column& c : columns) {
    const std::size_t distance = edit_distance(name, c.name());
    if (distance < best) {
      best = distance;
      nearest = &c;
    }
  }
  if (nearest != nullptr) message += "; did you mean \"" + nearest->name() + "\"?";
  message += " The columns are: ";
  for (std::size_t i = 0; i < std::min(columns.size(), kMostNamesListed); ++i)
    message += (i == 0 ? "" : ", ") + columns[i].name();
  if (columns.size() > kMostNamesListed)
    message += " and " + std::to_string(columns.size() - kMostNamesListed) + " more";
  return message;
}

}  // namespace

Column Column::numeric(std::string name, std::vector<double> numbers) {
  Column column(std::move(name), ColumnType::kNumeric);
  column.missing_.resize(numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (std::isinf(numbers[i]))
      throw ParametersError("column \"" + column.name_ + "\": row " + std::to_string(i + 1) +
                            " is infinite; give a finite number or leave it out");
    if (std::isnan(numbers[i])) {
      column.missing_[i] = true;
      ++column.missing_count_;
    }
  }
  column.numbers_ = std::move(numbers);
  return column;
}

Column Column::text(std::string name, std::span<const std::optional<std::string_view>> cells) {
  Column column(std::move(name), ColumnType::kText);
  std::vector<std::string_view> distinct;
  std::unordered_map<std::string_view, std::uint32_t> codes;
  for (const auto& cell : cells)
    if (cell && codes.emplace(*cell, 0).second) distinct.push_back(*cell);
  std::sort(distinct.begin(), distinct.end());
  for (std::size_t i = 0; i < distinct.size(); ++i) codes[distinct[i]] = static_cast<std::uint32_t>(i);

  column.categories_.assign(distinct.begin(), distinct.end());
  column.codes_.resize(cells.size());
  column.missing_.resize(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i]) {
      column.codes_[i] = codes.find(*cells[i])->second;
    } else {
      column.missing_[i] = true;
      ++column.missing_count_;
    }
  }
  return column;
}

Column Column::select_rows(std::span<const std::size_t> rows) const {
  if (is_numeric()) {
    std::vector<double> numbers;
    numbers.reserve(rows.size());
    for (const std::size_t r : rows) numbers.push_back(numbers_.at(r));
    return numeric(name_, std::move(numbers));
  }
  std::vector<std::optional<std::string_view>> cells;
  cells.reserve(rows.size());
  for (const std::size_t r : rows) {
    const std::string_view cell = missing_.at(r) ? std::string_view() : std::string_view(text_at(r));
    cells.push_back(missing_[r] ? std::nullopt : std::optional(cell));
  }
  return text(name_, cells);
}

Table::Table(std::vector<Column> columns, std::vector<std::uint64_t> lines)
    : columns_(std::move(columns)), lines_(std::move(lines)) {
  const std::size_t rows = columns_.empty() ? 0 : columns_.front().rows();
  if (lines_.empty()) {
    lines_.resize(rows);
    std::iota(lines_.begin(), lines_.end(), std::uint64_t{2});
  }
  if (lines_.size() != rows)
    throw ParametersError("a table of " + std::to_string(rows) + " rows was given " +
                          std::to_string(lines_.size()) + " line numbers; give one a row");
  std::unordered_set<std::string_view> names;
  for (const Column& c : columns_) {
    if (c.name().empty()) throw ParametersError("a column has no name; name every column");
    if (!names.insert(c.name()).second)
      throw ParametersError("two columns are named \"" + c.name() + "\"; rename one");
    if (c.rows() != rows)
      throw ParametersError("column \"" + c.name() + "\" has " + std::to_string(c.rows()) +
                            " rows, the first one " + std::to_string(rows) + "; make them equally long");
  }
}

const Column* Table::find(std::string_view name) const noexcept {
  const auto it =
      std::find_if(columns_.begin(), columns_.end(), [&](const Column& c) { return c.name() == name; });
  return it == columns_.end() ? nullptr : &*it;
}

const Column& Table::column(std::string_view name) const {
  const Column* found = find(name);
  if (found == nullptr) throw Error(ErrorCode::kNotFound, no_such_column(name, columns_));
  return *found;
}

Table Table::select_rows(std::span<const std::size_t> rows) const {
  std::vector<Column> columns;
  columns.reserve(columns_.size());
  for (const Column& c : columns_) columns.push_back(c.select_rows(rows));
  std::vector<std::uint64_t> lines;
  lines.reserve(rows.size());
  for (const std::size_t r : rows) lines.push_back(lines_.at(r));
  return Table(std::move(columns), std::move(lines));
}

}  // namespace cloister::data
