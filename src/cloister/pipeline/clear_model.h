#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cloister/base/file.h"
#include "cloister/ml/plan.h"

namespace cloister::pipeline {

/// A model in the clear, over prepared columns: what the owner decrypts, and what a server that owns its
/// model predicts with. A JSON file.
struct ClearModel {
  ml::ModelKind kind = ml::ModelKind::kLogistic;
  std::vector<std::string> names;  ///< of the features; may be empty
  std::vector<double> weights;     ///< one a feature
  double intercept = 0;
};

/// The object that the file holds; one with further keys loads too.
nlohmann::ordered_json to_json(const ClearModel& model);

/// Errors: the file's, DecodeError for anything but such a model.
ClearModel load_clear_model(const std::filesystem::path& path);
void save_clear_model(const std::filesystem::path& path, const ClearModel& model,
                      Overwrite overwrite = Overwrite::kRefuse);

}  // namespace cloister::pipeline
