#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cloister/base/file.h"

namespace cloister::app {

/// Writes an object as a readable file, whole or not at all.
void save_json(const std::filesystem::path& path, const nlohmann::ordered_json& json, Overwrite overwrite,
               FileMode mode);

/// Reads one. Errors: the file's; DecodeError, saying that it is no `what`, for anything but JSON.
nlohmann::ordered_json load_json(const std::filesystem::path& path, const char* what);

}  // namespace cloister::app
