#pragma once

#include <filesystem>

#include "cloister/base/file.h"
#include "cloister/ml/plan.h"

namespace cloister::pipeline {

/// A plan as a readable JSON file. Loading derives everything again and compares (Plan::from_json). Errors:
/// the file's, and DecodeError or SecurityError that name the path.
ml::Plan load_plan(const std::filesystem::path& path);
void save_plan(const std::filesystem::path& path, const ml::Plan& plan,
               Overwrite overwrite = Overwrite::kRefuse);

}  // namespace cloister::pipeline
