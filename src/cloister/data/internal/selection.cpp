#include "cloister/data/internal/selection.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "cloister/base/error.h"
#include "cloister/data/internal/fields.h"

namespace cloister::data::internal {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

[[noreturn]] void fail_no_row(std::span<const Column* const> needed, const Column& target) {
  if (target.missing_count() == target.rows())
    throw ParametersError(quoted(target.name()) + ", the target, has no value in any row; fill it in");
  const Column& worst = **std::max_element(
      needed.begin(), needed.end(),
      [](const Column* a, const Column* b) { return a->missing_count() < b->missing_count(); });
  throw ParametersError("every row lacks a value; " + quoted(worst.name()) + " lacks most of all, " +
                        std::to_string(worst.missing_count()) + " values: drop it, or impute");
}

[[noreturn]] void fail_classes(const Column& target, const std::string& problem) {
  throw ParametersError("classification needs a target of exactly two classes; " + quoted(target.name()) +
                        " has " + problem);
}

}  // namespace

std::string quoted(const std::string& column_name) { return "column \"" + column_name + "\""; }

void validate(const PreparationSpec& spec, const Table& table) {
  if (spec.target.empty()) throw ParametersError("no target column is named; name the column to predict");
  table.column(spec.target);
  for (const auto* names : {&spec.drop, &spec.keep})
    for (const std::string& name : *names) {
      table.column(name);
      if (name == spec.target)
        throw ParametersError(quoted(name) + " is the target; neither drop it nor keep it as a feature");
    }
  for (const std::string& name : spec.drop)
    if (contains(spec.keep, name))
      throw ParametersError(quoted(name) + " is both dropped and kept; choose one");
  if (!(spec.test_fraction >= 0 && spec.test_fraction < 1))
    throw ParametersError("test fraction must be at least 0 and below 1; 0.3 is usual");
  if (spec.clip != 0 && !(spec.clip >= 1 && std::isfinite(spec.clip)))
    throw ParametersError("clip must be 0 (off) or at least 1 deviation; 4 is usual");
  if (spec.balance && spec.task == Task::kRegression)
    throw ParametersError("balancing is for classes; do not balance a regression");
}

std::vector<const Column*> feature_columns(const Table& table, const PreparationSpec& spec) {
  std::vector<const Column*> columns;
  for (const Column& c : table.columns()) {
    const bool kept = spec.keep.empty() || contains(spec.keep, c.name());
    if (kept && c.name() != spec.target && !contains(spec.drop, c.name())) columns.push_back(&c);
  }
  if (columns.empty()) throw ParametersError("no column is left to learn from; drop fewer columns");
  return columns;
}

std::vector<std::size_t> usable_rows(const Table& table, const PreparationSpec& spec,
                                     std::span<const std::size_t> rows) {
  std::vector<const Column*> needed;
  if (spec.missing == MissingPolicy::kDropRows) needed = feature_columns(table, spec);
  if (spec.missing == MissingPolicy::kDropIncompleteRows)
    for (const Column& c : table.columns()) needed.push_back(&c);
  needed.push_back(&table.column(spec.target));

  std::vector<std::size_t> usable;
  for (const std::size_t r : rows)
    if (std::none_of(needed.begin(), needed.end(), [&](const Column* c) { return c->is_missing(r); }))
      usable.push_back(r);
  if (rows.empty()) throw ParametersError("there are no rows to learn from; give a table with rows");
  if (usable.empty()) fail_no_row(needed, table.column(spec.target));
  return usable;
}

std::vector<std::size_t> all_rows(std::size_t count) {
  std::vector<std::size_t> rows(count);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

std::string class_name(const Column& target, std::size_t row) {
  return target.is_numeric() ? format_number(target.number(row) + 0.0) : target.text_at(row);  // -0 is 0
}

std::pair<std::string, std::string> two_classes(const Column& target, std::span<const std::size_t> rows) {
  // Numbers are ordered as numbers and texts as texts, which one key of both makes one set.
  std::set<std::pair<double, std::string>> classes;
  for (const std::size_t r : rows) {
    classes.emplace(target.is_numeric() ? target.number(r) : 0, class_name(target, r));
    if (classes.size() > 2) fail_classes(target, "more; recode it, or choose regression if it is a quantity");
  }
  if (classes.size() < 2) fail_classes(target, "only one in these rows; give rows of both classes");
  return {classes.begin()->second, classes.rbegin()->second};
}

}  // namespace cloister::data::internal
