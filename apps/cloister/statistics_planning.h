#pragma once

#include "apps/cloister/planning.h"
#include "cloister/data/column_ranges.h"

namespace cloister::app {

/// A table, what several owners agree on about its columns, and the plan for their statistics.
struct StatisticsPlanning {
  data::ColumnRanges ranges;
  ml::Plan plan;
  data::Schema schema;  ///< of the columns that are summed
  /// Whose range was taken from this table, rounded outwards: those who get columns.json see it.
  std::vector<std::string> from_data;
  std::vector<std::string> skipped;    ///< columns without numbers
  std::size_t rows = 0, left_out = 0;  ///< of this table
};

/// Plans statistics of all columns of numbers, or of those to keep. Errors: ParametersError for a range that
/// is none or of no such column, or an option that statistics do not have.
StatisticsPlanning plan_statistics(const PlanningOptions& options, int threads);

}  // namespace cloister::app
