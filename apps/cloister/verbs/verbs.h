#pragma once

#include <CLI/CLI.hpp>

namespace cloister::app {

// The owner's verbs, one file each.

void add_plan_command(CLI::App& app);
void add_keygen_command(CLI::App& app);
void add_encrypt_command(CLI::App& app);
void add_decrypt_command(CLI::App& app);
void add_publish_command(CLI::App& app);
void add_evaluate_command(CLI::App& app);
void add_report_command(CLI::App& app);
void add_convert_command(CLI::App& app);

}  // namespace cloister::app
