#include "cloister/pipeline/owner/row_checks.h"

#include <cmath>
#include <sstream>
#include <string>

#include "cloister/base/error.h"

namespace cloister::pipeline {
namespace {

// Of one that is not within the bound.
[[noreturn]] void refuse_value(double value, double bound, const std::string& what, const char* mend) {
  if (std::isnan(value))
    throw ParametersError("encrypt: " + what + " is not a number; drop or impute such rows");
  std::ostringstream limit;
  limit << bound;
  throw ParametersError("encrypt: " + what + " exceeds the plan's bound of " + limit.str() + "; " + mend +
                        ", or plan with a larger feature_bound (--feature-bound)");
}

std::string of_row(std::size_t row) { return " of row " + std::to_string(row) + " (counted from 0)"; }

}  // namespace

void check_features(const ml::JobRequest& request, const data::Matrix& features) {
  if (features.columns != request.features)
    throw MismatchError("the prepared table has another number of columns than the plan",
                        std::to_string(features.columns), std::to_string(request.features));
  if (features.rows == 0) throw ParametersError("encrypt: there are no rows");
  for (std::size_t i = 0; i < features.values.size(); ++i)
    if (!(std::abs(features.values[i]) <= request.feature_bound))
      refuse_value(
          features.values[i], request.feature_bound,
          "the feature in column " + std::to_string(i % features.columns) + of_row(i / features.columns),
          "standardize or clip the features");
}

void check_target(const ml::JobRequest& request, std::span<const double> target) {
  for (std::size_t i = 0; i < target.size(); ++i)
    if (!(std::abs(target[i]) <= request.feature_bound))
      refuse_value(target[i], request.feature_bound, "the target" + of_row(i), "standardize the target");
}

}  // namespace cloister::pipeline
