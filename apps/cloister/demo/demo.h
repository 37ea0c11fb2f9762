#pragma once

#include <CLI/CLI.hpp>

namespace cloister::app {

/// Adds `demo chd` and `demo salary`, which play all the parties. A step that fails ends the demo with its
/// error.
void add_demo_command(CLI::App& app);

}  // namespace cloister::app
