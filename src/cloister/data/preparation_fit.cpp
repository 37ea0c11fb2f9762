#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

#include "cloister/base/error.h"
#include "cloister/data/internal/fields.h"
#include "cloister/data/internal/selection.h"
#include "cloister/data/preparation.h"
#include "cloister/data/schema.h"

namespace cloister::data {
namespace {

using internal::quoted;
using Rows = std::span<const std::size_t>;

struct Moments {
  double min, max, mean, deviation;
};

// In two passes, the second about the mean, for accuracy. The deviation is that of the population.
Moments moments(std::span<const double> values) {
  const auto [min, max] = std::minmax_element(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double x : values) sum += x;
  const double mean = sum / n;
  for (const double x : values) squares += (x - mean) * (x - mean);
  return {*min, *max, mean, std::sqrt(squares / n)};
}

// Moments that one can divide by the deviation of.
Moments scaling_moments(std::span<const double> values, const std::string& name) {
  const Moments m = moments(values);
  if (m.min == m.max)
    throw ParametersError(
        name + " has the same value in every training row, so there is nothing to learn from; drop it");
  if (!std::isfinite(m.mean) || !std::isfinite(m.deviation) || !std::isnormal(m.deviation))
    throw ParametersError(
        name + " has numbers too large or too close to each other to be scaled; change its unit or drop it");
  return m;
}

// The lower of two middle values, so that a column of zeros and ones stays one.
double median(const Column& column, Rows rows) {
  std::vector<double> values;
  for (const std::size_t r : rows)
    if (!column.is_missing(r)) values.push_back(column.number(r));
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

SourceColumn describe_text(const Column& column, Rows rows) {
  std::map<std::string, std::size_t> counts;
  for (const std::size_t r : rows)
    if (!column.is_missing(r)) ++counts[column.text_at(r)];
  if (counts.size() > kMaxCategories)
    throw ParametersError(
        quoted(column.name()) + " holds text with more than " + std::to_string(kMaxCategories) +
        " categories, too many to encode; drop it, or correct it if it should hold numbers");
  if (counts.size() < 2)
    throw ParametersError(
        quoted(column.name()) +
        " has the same category in every training row, so there is nothing to learn from; drop it");
  SourceColumn source{column.name(), {}, 0, {}};
  std::size_t most = 0;
  for (const auto& [category, count] : counts) {
    source.categories.push_back(category);
    if (count > most) {
      most = count;
      source.fill_category = category;
    }
  }
  return source;
}

}  // namespace

Preparation Preparation::fit(const Table& table, const PreparationSpec& spec, Rows rows) {
  internal::validate(spec, table);
  const std::vector<std::size_t> usable = internal::usable_rows(table, spec, rows);
  Preparation out;
  out.spec_ = spec;
  out.training_rows_ = usable.size();
  out.fit_target(table, usable);
  out.fit_sources(table, usable);
  if (usable.size() < out.features_.size() + 1)
    throw ParametersError(std::to_string(usable.size()) + " training rows are too few for " +
                          std::to_string(out.features_.size()) +
                          " features; give at least one row more than features, or drop columns");
  out.fit_features(out.raw_features(table, usable));
  return out;
}

Preparation Preparation::fit(const Table& table, const PreparationSpec& spec) {
  return fit(table, spec, internal::all_rows(table.rows()));
}

void Preparation::fit_sources(const Table& table, Rows rows) {
  for (const Column* column : internal::feature_columns(table, spec_)) {
    if (std::all_of(rows.begin(), rows.end(), [&](std::size_t r) { return column->is_missing(r); }))
      throw ParametersError(quoted(column->name()) + " has no value in any training row; drop it");
    const std::size_t source = sources_.size();
    if (column->is_numeric()) {
      sources_.push_back({column->name(), {}, median(*column, rows), {}});
      features_.push_back({.name = column->name(), .source = source});
    } else {
      sources_.push_back(describe_text(*column, rows));
      const auto& categories = sources_.back().categories;
      for (std::size_t k = 1; k < categories.size(); ++k)
        features_.push_back({.name = column->name() + "=" + categories[k], .source = source, .category = k});
    }
  }
}

void Preparation::fit_features(const Matrix& raw) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> values(raw.rows);
  for (std::size_t j = 0; j < features_.size(); ++j) {
    Feature& f = features_[j];
    f.low = -kInfinity;
    f.high = kInfinity;
    if (spec_.scaling == Scaling::kNone && spec_.clip == 0) continue;
    for (std::size_t r = 0; r < raw.rows; ++r) values[r] = raw(r, j);
    if (spec_.scaling == Scaling::kNone &&
        std::all_of(values.begin(), values.end(), [&](double x) { return x == values[0]; }))
      continue;
    const Moments m = scaling_moments(values, "feature \"" + f.name + "\"");
    if (spec_.clip > 0) {
      f.low = m.mean - spec_.clip * m.deviation;
      f.high = m.mean + spec_.clip * m.deviation;
    }
    if (spec_.scaling == Scaling::kStandardize) {
      f.centre = m.mean;
      f.scale = m.deviation;
    } else if (spec_.scaling == Scaling::kMinMax) {
      f.centre = std::max(m.min, f.low);
      f.scale = std::min(m.max, f.high) - f.centre;
    }
  }
}

void Preparation::fit_target(const Table& table, Rows rows) {
  const Column& target = table.column(spec_.target);
  if (spec_.task == Task::kClassification) {
    std::tie(negative_class_, positive_class_) = internal::two_classes(target, rows);
    return;
  }
  if (!target.is_numeric())
    throw ParametersError(
        quoted(target.name()) + ", line " + std::to_string(internal::first_text_line(table, target)) +
        ": text where a number is due; correct it, or choose classification if it is a class");
  if (spec_.scaling == Scaling::kNone) return;
  std::vector<double> values;
  for (const std::size_t r : rows) values.push_back(target.number(r));
  const Moments m = scaling_moments(values, "target \"" + target.name() + "\"");
  target_centre_ = m.mean;
  target_scale_ = m.deviation;
}

}  // namespace cloister::data
