#include "apps/cloister/statistics_files.h"

#include <limits>
#include <optional>
#include <string_view>

#include "apps/cloister/json_file.h"
#include "apps/common/folders.h"
#include "cloister/base/error.h"
#include "cloister/data/csv.h"

namespace cloister::app {
namespace {

using Json = nlohmann::ordered_json;

Json matrix_json(const data::Matrix& matrix) {
  Json rows = Json::array();
  for (std::size_t r = 0; r < matrix.rows; ++r)
    rows.push_back(std::vector<double>(matrix.row(r).begin(), matrix.row(r).end()));
  return rows;
}

}  // namespace

void save_ranges(const std::filesystem::path& path, const data::ColumnRanges& ranges, Overwrite overwrite) {
  save_json(path, ranges.to_json(), overwrite, FileMode::kSecret);
}

data::ColumnRanges load_ranges(const std::filesystem::path& path) {
  require_present(path, "the owner who plans makes it with `cloister plan`, and gives it to the others");
  try {
    return data::ColumnRanges::from_json(load_json(path, "list of columns"));
  } catch (const Error& e) {
    throw DecodeError(path.string(), 0, e.what());
  }
}

Json statistics_json(const pipeline::Statistics& statistics) {
  Json columns = Json::array();
  for (const pipeline::ColumnStatistics& c : statistics.columns) {
    columns.push_back({{"name", c.name},
                       {"mean", c.mean},
                       {"variance", c.variance},
                       {"deviation", c.deviation},
                       {"error_bound", c.error_bound}});
    if (!c.counts.empty()) columns.back()["histogram"] = {{"edges", c.edges}, {"counts", c.counts}};
  }
  return {{"rows", statistics.rows},
          {"columns", columns},
          {"covariances", matrix_json(statistics.covariances)},
          {"correlations", matrix_json(statistics.correlations)}};
}

void save_statistics_table(const std::filesystem::path& path, const pipeline::Statistics& statistics) {
  std::vector<std::optional<std::string_view>> names;
  std::vector<double> rows, means, variances, deviations, bounds;
  for (const pipeline::ColumnStatistics& c : statistics.columns) {
    names.emplace_back(c.name);
    rows.push_back(static_cast<double>(statistics.rows));
    means.push_back(c.mean);
    variances.push_back(c.variance);
    deviations.push_back(c.deviation);
    bounds.push_back(c.error_bound);
  }
  std::vector<data::Column> columns;
  columns.push_back(data::Column::text("column", names));
  columns.push_back(data::Column::numeric("rows", rows));
  columns.push_back(data::Column::numeric("mean", means));
  columns.push_back(data::Column::numeric("variance", variances));
  columns.push_back(data::Column::numeric("deviation", deviations));
  columns.push_back(data::Column::numeric("error_bound", bounds));
  data::write_csv(path, data::Table(std::move(columns)), Overwrite::kReplace);
}

void save_histograms(const std::filesystem::path& path, const pipeline::Statistics& statistics) {
  constexpr double kOpen = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::optional<std::string_view>> names;
  std::vector<double> from, to, rows;
  for (const pipeline::ColumnStatistics& c : statistics.columns)
    for (std::size_t bin = 0; bin < c.counts.size(); ++bin) {
      names.emplace_back(c.name);
      from.push_back(bin == 0 ? kOpen : c.edges[bin - 1]);
      to.push_back(bin == c.edges.size() ? kOpen : c.edges[bin]);
      rows.push_back(static_cast<double>(c.counts[bin]));
    }
  std::vector<data::Column> columns;
  columns.push_back(data::Column::text("column", names));
  columns.push_back(data::Column::numeric("from", from));
  columns.push_back(data::Column::numeric("to", to));
  columns.push_back(data::Column::numeric("rows", rows));
  data::write_csv(path, data::Table(std::move(columns)), Overwrite::kReplace);
}

}  // namespace cloister::app
