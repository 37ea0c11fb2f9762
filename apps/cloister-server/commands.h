#pragma once

#include <CLI/CLI.hpp>

namespace cloister::app {

// The server's verbs. Each works in a folder that holds what the owner sent, and writes its result there.

void add_train_command(CLI::App& app);
void add_predict_command(CLI::App& app);
void add_aggregate_command(CLI::App& app);

}  // namespace cloister::app
