#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cloister/pipeline/machine.h"

namespace cloister::app {

/// What every verb can be told.
struct CommonOptions {
  bool json = false;
  bool verbose = false;
  int threads = 0;  ///< 0: all of the machine's
};

/// Adds them to a verb, which keeps a reference.
void add_common_options(CLI::App& verb, CommonOptions& options);

/// Adds `--server DIR`, the folder of what may leave the owner.
void add_server_option(CLI::App& verb, std::string& folder);

/// Adds `--map-keys auto|on|off`, for verbs that use evaluation keys; and what a choice among them means.
void add_map_keys_option(CLI::App& verb, std::string& choice);
pipeline::KeyMemory key_memory_of(const std::string& choice);

/// Adds `--name NAME`, by which several tables of rows, and their predictions, lie beside each other.
void add_name_option(CLI::App& verb, std::string& name);

/// A check for CLI11: letters, digits, - and _, at most 64 of them; for parts of file names.
CLI::Validator file_name_part();

}  // namespace cloister::app
