#pragma once

#include <filesystem>

#include "cloister/data/preparation.h"
#include "cloister/data/table.h"

namespace cloister::app {

void save_preparation(const std::filesystem::path& path, const data::Preparation& preparation, bool replace);
/// Errors: the file's; DecodeError naming the path for anything but a preparation.
data::Preparation load_preparation(const std::filesystem::path& path);

/// Reads a table that a preparation is to be applied to.
data::Table read_table(const std::filesystem::path& path, const data::Preparation& preparation);

/// Rows of a table that was written by `plan`, prepared; every row has its target.
data::Examples load_examples(const std::filesystem::path& path, const data::Preparation& preparation);

}  // namespace cloister::app
