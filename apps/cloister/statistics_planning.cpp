#include "apps/cloister/statistics_planning.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

#include "cloister/base/error.h"
#include "cloister/ml/paillier_planner.h"
#include "cloister/ml/planner.h"

namespace cloister::app {
namespace {

double number_of(std::string_view text, const std::string& option) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw ParametersError("--range " + option + " is not NAME=LOW:HIGH with two numbers");
  return value;
}

// NAME=LOW:HIGH; the name may contain both signs.
std::map<std::string, data::Range> given_ranges(const std::vector<std::string>& options) {
  std::map<std::string, data::Range> out;
  for (const std::string& option : options) {
    const auto equals = option.rfind('='), colon = option.rfind(':');
    if (equals == std::string::npos || colon == std::string::npos || colon < equals)
      throw ParametersError("--range " + option + " is not NAME=LOW:HIGH with two numbers");
    const std::string_view text(option);
    const data::Range range{number_of(text.substr(equals + 1, colon - equals - 1), option),
                            number_of(text.substr(colon + 1), option)};
    if (!out.emplace(option.substr(0, equals), range).second)
      throw ParametersError("--range names column \"" + option.substr(0, equals) + "\" twice");
  }
  return out;
}

void check_options(const PlanningOptions& o) {
  if (!o.target.empty() || !o.model.empty() || !o.preparation.empty() || o.ridge > 0 || o.balance)
    throw ParametersError(
        "statistics have no target, model, preparation, penalty or classes; leave those options out");
}

bool is_number(const data::ColumnSchema& column) { return column.categories.empty() && column.range; }

struct Choice {
  std::vector<data::ColumnRange> columns;
  data::Schema schema;
  std::vector<std::string> from_data, skipped;
};

// The columns of numbers, each with the range that is given, or its own rounded outwards.
Choice choose_columns(const PlanningOptions& o, const data::Schema& schema) {
  auto given = given_ranges(o.ranges);
  Choice out;
  out.schema.rows = schema.rows;
  for (const data::ColumnSchema& column : schema.columns) {
    if (!is_number(column)) {
      if (std::ranges::find(o.keep, column.name) != o.keep.end())
        throw ParametersError("column \"" + column.name + "\" holds no numbers; leave it out");
      out.skipped.push_back(column.name);
      continue;
    }
    const auto found = given.extract(column.name);
    if (found.empty()) out.from_data.push_back(column.name);
    const data::Range range = found.empty() ? data::rounded_outwards(*column.range) : found.mapped();
    out.columns.push_back({column.name, range.min, range.max});
    out.schema.columns.push_back(column);
  }
  if (!given.empty())
    throw ParametersError("--range names \"" + given.begin()->first +
                          "\", which is no column that is summed");
  return out;
}

}  // namespace

StatisticsPlanning plan_statistics(const PlanningOptions& o, int threads) {
  check_options(o);
  // Columns of text are left out, however many categories they have.
  const auto [table, schema] = read_table_to_plan(o, std::numeric_limits<std::size_t>::max());
  Choice choice = choose_columns(o, schema);
  Prng prng = Prng::from_system();
  auto ranges = data::ColumnRanges::create(std::move(choice.columns), o.bins, prng);
  const data::BinnedRows rows = ranges.apply(table);
  ml::JobRequest request;
  request.model = ml::ModelKind::kLinear;
  request.scheme = o.scheme == "paillier" ? ml::Scheme::kPaillier : ml::Scheme::kCkks;
  request.job = ml::Job::kStatistics;
  request.rows = std::max<std::uint64_t>(o.rows, rows.values.rows);
  request.features = static_cast<std::uint32_t>(ranges.columns().size());
  request.max_error = o.max_error;
  request.feature_bound = o.feature_bound;
  request.bins = o.bins;
  request.column_ranges = ranges.digest();
  request.threads = threads;
  ml::check_request(request);
  return {.ranges = std::move(ranges),
          .plan = ml::plan_paillier(request),
          .schema = std::move(choice.schema),
          .from_data = std::move(choice.from_data),
          .skipped = std::move(choice.skipped),
          .rows = rows.values.rows,
          .left_out = rows.left_out};
}

}  // namespace cloister::app
