#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/common_options.h"

namespace cloister::app {

/// What `demo` was asked for.
struct DemoOptions {
  std::optional<std::filesystem::path> data;  ///< the table; without it one is made
  std::string preparation = "reference";      ///< of chd: reference or all
  int iterations = 0;                         ///< 0: the demo's choice
  std::uint64_t seed = 1;
  CommonOptions common;
  std::filesystem::path out;
  bool small_keys = false;
};

/// The threads that every step will have.
int thread_count(const DemoOptions& options);

/// Makes the demo's folder and those of the parties in it, for the user alone. Errors: ALREADY_EXISTS if the
/// folder holds anything, and nothing in it is touched.
void make_workplace(const std::filesystem::path& folder, const std::vector<std::string>& parties);

/// The table that a demo works on.
struct DemoTable {
  std::filesystem::path path;  ///< as commands that run in the demo's folder name it
  std::filesystem::path file;  ///< the same, from anywhere
  std::string name;
  bool synthetic = false;
};

/// The user's table, where there is one. Errors: NOT_FOUND.
std::optional<DemoTable> given_table(const DemoOptions& options);
/// Writes a synthetic table for `task`, chd or salary, as `relative` in the demo's folder.
DemoTable make_table(const DemoOptions& options, const std::string& task,
                     const std::filesystem::path& relative);

}  // namespace cloister::app
