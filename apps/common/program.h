#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

namespace cloister::app {

/// A program of verbs: each is a subcommand whose callback does the work and throws what goes wrong.
std::unique_ptr<CLI::App> make_program(const std::string& name, const std::string& description);

/// Runs the verb that the arguments name. This is the one place where an error becomes an exit status: that
/// of base/error.h's table, 2 for a command line that cannot be read. It is told in one line on standard
/// error, and with --json as an object {"error": {"code", "message"}} on standard output.
int run_program(CLI::App& app, int argc, char** argv);

/// "0.1.0".
std::string program_version();

}  // namespace cloister::app
