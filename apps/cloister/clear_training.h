#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cloister/data/preparation.h"
#include "cloister/ml/plan.h"

namespace cloister::app {

/// What a plan's training gives in the clear. Weights have the intercept first, then one a feature.
struct ClearTraining {
  std::vector<double> weights;    ///< of the same algorithm; empty if the plan does not train
  std::vector<double> yardstick;  ///< of the best fit; empty if there is none
  std::string yardstick_name;
  std::optional<double> largest_margin, margin_limit;  ///< logistic: the bound holds up to the limit
};

ClearTraining train_in_clear(const ml::Plan& plan, const data::Examples& train);

/// b + w . x of each row.
std::vector<double> predict_in_clear(const data::Matrix& features, const std::vector<double>& weights);

}  // namespace cloister::app
