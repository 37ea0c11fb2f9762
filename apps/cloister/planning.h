#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cloister/data/schema.h"
#include "cloister/data/split.h"
#include "cloister/kernels/kernel_table.h"
#include "cloister/ml/plan.h"

namespace cloister::app {

/// What `plan` is told, in the words of its options.
struct PlanningOptions {
  std::string data, target, preparation;
  std::string model, scheme = "ckks", job = "train", method = "auto";
  std::string missing = "drop", scaling = "standardize", spectrum_cap, rotation_keys;
  std::vector<std::string> drop, keep, text;
  std::vector<std::string> ranges;  ///< of statistics: NAME=LOW:HIGH
  std::uint32_t bins = 10;
  bool balance = false, small_keys = false;
  double clip = 16, test_fraction = 0.3, ridge = 0, tolerance = 0, max_error = 1e-3, feature_bound = 16;
  std::uint64_t seed = 1, rows = 0;
  std::uint64_t batch_seed = 1;
  std::uint32_t batches = 1;
  std::optional<int> iterations_per_bootstrap = std::nullopt;
  std::optional<double> spectrum_floor = std::nullopt;
  int iterations = 0, products = 0, log2_degree = 0, digits = 0, row_slots = 0;
};

/// A table, what is known of it, how it becomes numbers, and the plan for it. Private to the owner but for
/// the plan.
struct Planning {
  data::Table table;
  data::Schema schema;
  data::PreparedSplit split;  ///< with a given preparation, all rows are for the test
  ml::Plan plan;
  std::optional<double>
      published_cap;  ///< a number of the data that the plan makes public, as the owner asked
};

/// The table and its schema, without the columns that are not used.
struct ReadTable {
  data::Table table;
  data::Schema schema;
};
/// Errors: of the file, and of a column of text with more categories than `max_categories`.
ReadTable read_table_to_plan(const PlanningOptions& options,
                             std::size_t max_categories = data::kMaxCategories);

/// Prepares the table and plans the job. Refuses here what would be refused when the rows are encrypted.
Planning plan_job(const PlanningOptions& options, const KernelTable& kernels, int threads);

}  // namespace cloister::app
