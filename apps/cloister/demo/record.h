#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cloister/base/file.h"

namespace cloister::app {

/// The run as it is printed: without what only the report reads.
nlohmann::ordered_json printed_run(const nlohmann::ordered_json& run);

/// Writes report.html of the run in `folder`, for the user alone, and gives its path.
std::filesystem::path write_report(const std::filesystem::path& folder, const nlohmann::ordered_json& run,
                                   Overwrite overwrite = Overwrite::kRefuse);

}  // namespace cloister::app
