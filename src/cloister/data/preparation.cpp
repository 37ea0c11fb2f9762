#include "cloister/data/preparation.h"

#include <algorithm>
#include <cmath>

#include "cloister/base/error.h"
#include "cloister/data/internal/fields.h"
#include "cloister/data/internal/selection.h"

namespace cloister::data {
namespace {

using internal::quoted;
using Rows = std::span<const std::size_t>;

// Where a cell's category stands among the fitted ones.
std::size_t category_index(const SourceColumn& source, const Table& table, const Column& column,
                           std::size_t row) {
  const auto& all = source.categories;
  const std::string& text = column.is_missing(row) ? source.fill_category : column.text_at(row);
  const auto it = std::lower_bound(all.begin(), all.end(), text);
  if (it == all.end() || *it != text)
    throw ParametersError(quoted(source.name) + ", line " + std::to_string(table.line(row)) +
                          ": a category that no training row has; correct or remove the row, merge rare "
                          "categories into one, or train without the column");
  return static_cast<std::size_t>(it - all.begin());
}

void check_type(const SourceColumn& source, const Table& table, const Column& column) {
  if (column.missing_count() == column.rows() || source.categories.empty() == column.is_numeric()) return;
  if (source.categories.empty())
    throw ParametersError(
        quoted(source.name) + ", line " + std::to_string(internal::first_text_line(table, column)) +
        ": text where a number is due; correct it, or leave the field empty if it is missing");
  throw ParametersError(quoted(source.name) +
                        " was read as numbers and holds categories; read it as text (text_columns)");
}

double scaled(const Feature& f, double x) { return (std::clamp(x, f.low, f.high) - f.centre) / f.scale; }

}  // namespace

std::vector<const Column*> Preparation::find_sources(const Table& table) const {
  std::vector<const Column*> columns;
  for (const SourceColumn& source : sources_) {
    columns.push_back(&table.column(source.name));
    check_type(source, table, *columns.back());
  }
  return columns;
}

Matrix Preparation::raw_features(const Table& table, Rows rows) const {
  const std::vector<const Column*> columns = find_sources(table);
  Matrix out(rows.size(), features_.size());
  for (std::size_t j = 0; j < features_.size(); ++j) {
    const Feature& f = features_[j];
    const SourceColumn& source = sources_[f.source];
    const Column& column = *columns[f.source];
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::size_t r = rows[i];
      if (!source.categories.empty())
        out(i, j) = category_index(source, table, column, r) == f.category ? 1 : 0;
      else
        out(i, j) = column.is_missing(r) ? source.fill_number : column.number(r);
    }
  }
  return out;
}

std::vector<double> Preparation::targets(const Table& table, Rows rows) const {
  const Column& target = table.column(spec_.target);
  const bool classes = spec_.task == Task::kClassification;
  if (!classes && !target.is_numeric())
    throw ParametersError(quoted(target.name()) + ", line " +
                          std::to_string(internal::first_text_line(table, target)) +
                          ": text where a number is due; correct it or leave the field empty");
  std::vector<double> out;
  out.reserve(rows.size());
  for (const std::size_t r : rows) {
    if (!classes) {
      out.push_back((target.number(r) - target_centre_) / target_scale_);
      continue;
    }
    const std::string name = internal::class_name(target, r);
    if (name != positive_class_ && name != negative_class_)
      throw ParametersError(quoted(target.name()) + ", line " + std::to_string(table.line(r)) +
                            ": neither of the two classes of the training rows; correct or remove the row");
    out.push_back(name == positive_class_ ? 1 : 0);
  }
  return out;
}

Examples Preparation::apply(const Table& table, Rows rows, TargetUse use) const {
  std::vector<const Column*> needed;
  if (spec_.missing != MissingPolicy::kImpute) needed = find_sources(table);
  const Column* target = table.find(spec_.target);
  if (use == TargetUse::kRequired) needed.push_back(&table.column(spec_.target));

  Examples out;
  for (const std::size_t r : rows)
    if (std::none_of(needed.begin(), needed.end(), [&](const Column* c) { return c->is_missing(r); }))
      out.source_row.push_back(r);

  out.features = raw_features(table, out.source_row);
  for (std::size_t i = 0; i < out.features.rows; ++i)
    for (std::size_t j = 0; j < features_.size(); ++j) {
      double& x = out.features(i, j);
      x = scaled(features_[j], x);
      if (!std::isfinite(x))
        throw ParametersError(quoted(sources_[features_[j].source].name) + ", line " +
                              std::to_string(table.line(out.source_row[i])) +
                              ": the number is too large to be scaled; correct it");
    }
  const bool complete =
      target != nullptr && std::none_of(out.source_row.begin(), out.source_row.end(),
                                        [&](std::size_t r) { return target->is_missing(r); });
  if (complete) out.target = targets(table, out.source_row);
  return out;
}

Examples Preparation::apply(const Table& table, TargetUse use) const {
  return apply(table, internal::all_rows(table.rows()), use);
}

std::vector<std::string> Preparation::feature_names() const {
  std::vector<std::string> names;
  for (const Feature& f : features_) names.push_back(f.name);
  return names;
}

std::vector<std::string> Preparation::text_columns() const {
  std::vector<std::string> names;
  for (const SourceColumn& s : sources_)
    if (!s.categories.empty()) names.push_back(s.name);
  return names;
}

LinearWeights Preparation::weights_in_original_units(std::span<const double> weights,
                                                     double intercept) const {
  if (weights.size() != features_.size())
    throw MismatchError(
        "weights and features differ in number; use the preparation that the model was trained with",
        std::to_string(weights.size()), std::to_string(features_.size()));
  LinearWeights out{{}, intercept};
  for (std::size_t j = 0; j < weights.size(); ++j) {
    out.weights.push_back(weights[j] / features_[j].scale * target_scale_);
    out.intercept -= weights[j] * features_[j].centre / features_[j].scale;
  }
  out.intercept = out.intercept * target_scale_ + target_centre_;
  return out;
}

}  // namespace cloister::data
