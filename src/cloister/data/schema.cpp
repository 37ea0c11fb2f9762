#include "cloister/data/schema.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cloister/data/internal/fields.h"
#include "cloister/data/internal/json_fields.h"

namespace cloister::data {
namespace {

constexpr int kSchemaVersion = 1;
constexpr const char* kWhat = "schema";
constexpr internal::EnumNames<ColumnKind, 3> kKindNames = {{
    {ColumnKind::kNumeric, "numeric"},
    {ColumnKind::kBinary, "binary"},
    {ColumnKind::kCategorical, "categorical"},
}};

ColumnSchema describe_numeric(const Column& column) {
  ColumnSchema out{column.name(), ColumnKind::kNumeric, std::nullopt, {}, column.missing_count()};
  for (std::size_t r = 0; r < column.rows(); ++r) {
    if (column.is_missing(r)) continue;
    const double x = column.number(r);
    if (!out.range) out.range = Range{x, x};
    out.range->min = std::min(out.range->min, x);
    out.range->max = std::max(out.range->max, x);
  }
  if (!out.range || out.range->min == out.range->max) return out;
  bool only_two = true;
  for (std::size_t r = 0; only_two && r < column.rows(); ++r)
    only_two =
        column.is_missing(r) || column.number(r) == out.range->min || column.number(r) == out.range->max;
  if (only_two) out.kind = ColumnKind::kBinary;
  return out;
}

ColumnSchema describe_text(const Column& column) {
  return {column.name(),
          column.categories().size() == 2 ? ColumnKind::kBinary : ColumnKind::kCategorical,
          std::nullopt,
          {column.categories().begin(), column.categories().end()},
          column.missing_count()};
}

std::string values_text(const ColumnSchema& column) {
  if (column.range)
    return internal::format_number(column.range->min) + " to " + internal::format_number(column.range->max);
  std::string text;
  for (const std::string& category : column.categories) text += (text.empty() ? "" : ", ") + category;
  return text.empty() ? "(none)" : text;
}

std::string padded(const std::string& text, std::size_t width) {
  const std::size_t have = internal::count_code_points(text);
  return text + std::string(width - std::min(width, have), ' ');
}

}  // namespace

std::string_view to_string(ColumnKind kind) { return internal::enum_name(kKindNames, kind); }

Schema infer_schema(const Table& table, std::span<const std::string> dropped, std::size_t max_categories) {
  for (const std::string& name : dropped) table.column(name);
  Schema schema{table.rows(), {}};
  std::string too_many;
  for (const Column& column : table.columns()) {
    if (std::find(dropped.begin(), dropped.end(), column.name()) != dropped.end()) continue;
    if (!column.is_numeric() && column.categories().size() > max_categories)
      too_many += (too_many.empty() ? "\"" : ", \"") + column.name() + "\" (first text at line " +
                  std::to_string(internal::first_text_line(table, column)) + ")";
    schema.columns.push_back(column.is_numeric() ? describe_numeric(column) : describe_text(column));
  }
  if (!too_many.empty())
    throw ParametersError("text columns with more than " + std::to_string(max_categories) + " categories: " +
                          too_many + "; drop them, or correct them if they should be numbers");
  return schema;
}

std::string Schema::to_text() const {
  std::vector<std::array<std::string, 4>> lines = {{"column", "kind", "missing", "values"}};
  for (const ColumnSchema& c : columns)
    lines.push_back({c.name, std::string(to_string(c.kind)), std::to_string(c.missing), values_text(c)});
  std::array<std::size_t, 4> widths{};
  for (const auto& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], internal::count_code_points(line[i]));
  std::string text;
  for (const auto& line : lines) {
    const std::size_t missing_width = internal::count_code_points(line[2]);
    text += padded(line[0], widths[0]) + "  " + padded(line[1], widths[1]) + "  " +
            std::string(widths[2] - missing_width, ' ') + line[2] + "  " + line[3] + "\n";
  }
  return text + std::to_string(rows) + " rows, " + std::to_string(columns.size()) + " columns\n";
}

nlohmann::json Schema::to_json() const {
  nlohmann::json list = nlohmann::json::array();
  for (const ColumnSchema& c : columns) {
    nlohmann::json entry = {{"name", c.name}, {"kind", to_string(c.kind)}, {"missing", c.missing}};
    if (c.range) {
      entry["min"] = c.range->min;
      entry["max"] = c.range->max;
    }
    if (!c.categories.empty()) entry["categories"] = c.categories;
    list.push_back(std::move(entry));
  }
  return {{"version", kSchemaVersion}, {"rows", rows}, {"columns", std::move(list)}};
}

Schema Schema::from_json(const nlohmann::json& json) {
  using internal::fail_json;
  using internal::json_field;
  if (json_field<unsigned>(json, "version", kWhat) != kSchemaVersion) fail_json(kWhat, "unknown version");
  Schema schema{json_field<std::size_t>(json, "rows", kWhat), {}};
  for (const auto& entry : json_field<nlohmann::json::array_t>(json, "columns", kWhat)) {
    ColumnSchema c;
    c.name = json_field<std::string>(entry, "name", kWhat);
    c.kind = internal::json_enum(kKindNames, entry, "kind", kWhat);
    c.missing = json_field<std::size_t>(entry, "missing", kWhat);
    if (entry.contains("min") || entry.contains("max"))
      c.range = Range{json_field<double>(entry, "min", kWhat), json_field<double>(entry, "max", kWhat)};
    if (entry.contains("categories"))
      c.categories = json_field<std::vector<std::string>>(entry, "categories", kWhat);
    if (c.name.empty() || c.missing > schema.rows || (c.range && !(c.range->min <= c.range->max)))
      fail_json(kWhat, "column \"" + c.name + "\" contradicts itself");
    schema.columns.push_back(std::move(c));
  }
  return schema;
}

}  // namespace cloister::data
