#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cloister/data/matrix.h"
#include "cloister/data/table.h"

namespace cloister::data {

enum class Task { kClassification, kRegression };
enum class MissingPolicy {
  kDropRows,            ///< drop rows that lack a value of a column in use
  kDropIncompleteRows,  ///< when fitting, drop rows that lack a value of any column, in use or not
  kImpute,              ///< put in the training rows' median, or their most frequent category
};
enum class Scaling {
  kStandardize,  ///< mean 0, deviation 1 over the training rows
  kMinMax,       ///< the training rows' range becomes [0, 1]
  kNone,
};
std::string_view to_string(Task task);
std::string_view to_string(MissingPolicy policy);
std::string_view to_string(Scaling scaling);

/// How a table becomes numbers to learn from.
struct PreparationSpec {
  std::string target;
  Task task = Task::kClassification;
  std::vector<std::string> drop;  ///< columns not to learn from
  std::vector<std::string> keep;  ///< if any, the only columns to learn from
  MissingPolicy missing = MissingPolicy::kDropRows;
  Scaling scaling = Scaling::kStandardize;
  bool balance = false;        ///< classification: sample the larger class down to the smaller one's size
  double test_fraction = 0.3;  ///< in [0, 1)
  std::uint64_t seed = 1;      ///< of balancing and splitting
  double clip = 0;             ///< keep features within so many (1 or more) deviations of the mean; 0: off
  bool operator==(const PreparationSpec&) const = default;

  nlohmann::json to_json() const;
  static PreparationSpec from_json(const nlohmann::json& json);
};

/// Rows to learn from or to predict.
struct Examples {
  Matrix features;                      ///< [rows][features]
  std::vector<double> target;           ///< a row each, or empty if there is no target
  std::vector<std::size_t> source_row;  ///< the row of the table that each came from
};

/// A column that features are made of.
struct SourceColumn {
  std::string name;
  std::vector<std::string> categories;  ///< of a text column, in byte order; the first is the baseline
  double fill_number = 0;               ///< what imputing puts in
  std::string fill_category;
  bool operator==(const SourceColumn&) const = default;
};

/// One column of the matrix: (min(max(x, low), high) - centre) / scale, x being the number in the source
/// column, or 1 if its category is this one and else 0. Unclipped features have infinite bounds.
struct Feature {
  std::string name;          ///< the column's, or `column=category`
  std::size_t source = 0;    ///< index into sources()
  std::size_t category = 0;  ///< index into its categories; 0 for numbers
  double centre = 0;
  double scale = 1;
  double low = 0;
  double high = 0;
  bool operator==(const Feature&) const = default;
};

struct LinearWeights {
  std::vector<double> weights;  ///< one a feature
  double intercept = 0;
};

enum class TargetUse {
  kIfComplete,  ///< targets are given if every row has one: prediction
  kRequired,    ///< rows without a target are dropped; no target column is an error: training, evaluation
};

/// The map from a table's rows to features and targets, fitted on training rows alone and then fixed.
/// Private to the owner: it holds statistics of the clear data. A text column of k categories gives k - 1
/// indicator features (the first category is the baseline, so that an intercept can stand beside them).
/// Targets: 1 for the positive and 0 for the negative class; (y - centre) / scale for regression.
class Preparation {
 public:
  /// Fits on `rows` of the table, less those that the policy drops. Throws ParametersError, or NotFound
  /// for a column, on anything that cannot be learnt from: a target that is absent, has another number of
  /// classes than two or is text in a regression; a constant column (unless scaling is none); a text column
  /// of too many categories; fewer rows than features + 1.
  static Preparation fit(const Table& table, const PreparationSpec& spec, std::span<const std::size_t> rows);
  /// Fits on all rows.
  static Preparation fit(const Table& table, const PreparationSpec& spec);

  /// Maps rows of a table, which needs no more than the columns in use. Rows that lack a value are left
  /// out (source_row tells) unless the policy imputes. Throws NotFound for a column, and ParametersError
  /// naming column and line for a category that the training rows do not have or a text where a number
  /// is due. No feature or target is ever NaN or infinite.
  Examples apply(const Table& table, std::span<const std::size_t> rows,
                 TargetUse target = TargetUse::kIfComplete) const;
  Examples apply(const Table& table, TargetUse target = TargetUse::kIfComplete) const;

  const PreparationSpec& spec() const noexcept { return spec_; }
  std::size_t training_rows() const noexcept { return training_rows_; }
  std::span<const SourceColumn> sources() const noexcept { return sources_; }
  std::span<const Feature> features() const noexcept { return features_; }
  std::vector<std::string> feature_names() const;
  /// Columns that must be read as text: CsvOptions::text_columns of tables to apply this to.
  std::vector<std::string> text_columns() const;

  /// Classification: the larger of the two numbers, or the later of the two texts.
  const std::string& positive_class() const noexcept { return positive_class_; }
  const std::string& negative_class() const noexcept { return negative_class_; }
  /// Regression: the training rows' mean and deviation (0 and 1 if scaling is none).
  double target_centre() const noexcept { return target_centre_; }
  double target_scale() const noexcept { return target_scale_; }
  double target_in_original_units(double y) const noexcept { return y * target_scale_ + target_centre_; }

  /// The same linear model over unscaled columns: of features to weights and intercept, with the target's
  /// scaling undone for regression. Exact for rows that no clipping changes.
  LinearWeights weights_in_original_units(std::span<const double> weights, double intercept) const;

  nlohmann::json to_json() const;
  /// The inverse of to_json, doubles included. Throws DataLoss on anything else.
  static Preparation from_json(const nlohmann::json& json);

 private:
  Preparation() = default;
  std::vector<const Column*> find_sources(const Table& table) const;
  void fit_sources(const Table& table, std::span<const std::size_t> rows);
  void fit_features(const Matrix& raw);
  void fit_target(const Table& table, std::span<const std::size_t> rows);
  Matrix raw_features(const Table& table, std::span<const std::size_t> rows) const;
  std::vector<double> targets(const Table& table, std::span<const std::size_t> rows) const;

  PreparationSpec spec_;
  std::size_t training_rows_ = 0;
  std::vector<SourceColumn> sources_;
  std::vector<Feature> features_;
  std::string positive_class_, negative_class_;
  double target_centre_ = 0;
  double target_scale_ = 1;
};

}  // namespace cloister::data
