#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "apps/cloister/owner_folder.h"

namespace cloister::app {

/// Compares what was learnt under encryption with the same algorithm in the clear, and with the best fit
/// there is (maximum likelihood, least squares), on the rows of the plan. Needs no key.
///
/// Reads plan.json, preparation.json, train.csv, test.csv, model.json and predictions.csv of the owner's
/// folder; the last two where they are there. Without predictions, the decrypted model predicts the test rows
/// here. The result has the keys of report/README.md (`clear`, `encrypted`, `weights_max_abs_error`,
/// `error_bound`, `bytes`, `parameters`, `plan_rows`, `plots` and those around them), and
///   `yardstick`, `yardstick_name`   metrics of the best fit
///   `train`                         {clear, encrypted, yardstick}: metrics on the training rows
///   `within_bound`                  whether the weights' error keeps to the plan's bound
///   `largest_margin`, `margin_limit`, `guaranteed`   logistic: whether training stayed where the bound holds
///   `prediction_max_abs_error`, `prediction_error_bound`   of margins
/// Errors: those of the files; MismatchError where predictions are not of the test rows.
nlohmann::ordered_json evaluate(const OwnerFolder& owner, const ServerFolder& server,
                                const std::string& name);

}  // namespace cloister::app
