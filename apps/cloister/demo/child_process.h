#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "apps/cloister/terminal/interrupt.h"

namespace cloister::app {

/// What a child process left.
struct ChildResult {
  int exit_status = 0;  ///< 128 + its number where a signal ended it, as a shell counts
  std::string output;   ///< everything it wrote to standard output
  double seconds = 0;   ///< from its start to its end
};

/// The file that this process runs. Errors: NotFound where the system does not tell.
std::filesystem::path own_executable();

/// Runs this program again with the given arguments, in `folder`. Its standard input and error are ours, so
/// that its progress shows; its standard output is collected. Once the user asks to stop, so is the child
/// asked, and waited for. Errors: ResourceError where no process can be started.
ChildResult run_own_program(std::span<const std::string> arguments, const std::filesystem::path& folder,
                            const InterruptGuard& interrupt);

}  // namespace cloister::app
