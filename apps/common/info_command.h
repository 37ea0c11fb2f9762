#pragma once

#include <CLI/CLI.hpp>

namespace cloister::app {

/// `info FILE...`: what any file of Cloister is, verified; `info --cpu`: what this machine computes with.
void add_info_command(CLI::App& app);

}  // namespace cloister::app
