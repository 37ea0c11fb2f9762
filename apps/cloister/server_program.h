#pragma once

#include <CLI/CLI.hpp>

namespace cloister::app {

/// Adds the server's verbs: train, predict, aggregate. Naming one turns this process into the server's
/// program, cloister-server, which lies beside this one and gets the same arguments; so what a server does
/// happens in a process that has no secret key type and no code to decrypt. Errors: kNotFound where it cannot
/// be run.
void add_server_commands(CLI::App& app, char** argv);

}  // namespace cloister::app
