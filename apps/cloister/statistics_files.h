#pragma once

#include <filesystem>

#include "cloister/base/file.h"
#include "cloister/data/column_ranges.h"
#include "cloister/pipeline/owner/sums_statistics.h"

namespace cloister::app {

void save_ranges(const std::filesystem::path& path, const data::ColumnRanges& ranges, Overwrite overwrite);
/// Errors: the file's; DecodeError naming the path for anything but ranges.
data::ColumnRanges load_ranges(const std::filesystem::path& path);

/// Under fixed names: rows, columns (name, mean, variance, deviation, error_bound, edges, counts),
/// covariances and correlations (null where there is none).
nlohmann::ordered_json statistics_json(const pipeline::Statistics& statistics);
/// A row a column: name, rows, mean, variance, deviation, error bound.
void save_statistics_table(const std::filesystem::path& path, const pipeline::Statistics& statistics);
/// A row a bin: column, from, to (NA where the bin is open), rows.
void save_histograms(const std::filesystem::path& path, const pipeline::Statistics& statistics);

}  // namespace cloister::app
