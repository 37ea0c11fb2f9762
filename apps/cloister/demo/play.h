#pragma once

#include <filesystem>
#include <iosfwd>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "apps/cloister/terminal/interrupt.h"
#include "apps/cloister/terminal/terminal.h"
#include "apps/cloister/terminal/text_table.h"

namespace cloister::app {

/// What a command gave.
struct StepResult {
  nlohmann::ordered_json output;  ///< the object that it printed
  double seconds = 0;             ///< as it reports; from its start to its end where it does not
};

/// A demo as it goes on: it tells what happens, and runs every step as a command in the demo's folder,
/// echoed before it runs.
class Play {
 public:
  /// Tells on standard output, or on standard error if `json` keeps that for the final object.
  Play(std::filesystem::path folder, bool json, const InterruptGuard& interrupt);

  const std::filesystem::path& folder() const noexcept { return folder_; }
  /// The commands so far, as typed.
  const std::vector<std::string>& commands() const noexcept { return commands_; }

  /// A line that begins a part of the demo.
  void heading(std::string_view text);
  /// A paragraph, wrapped at the terminal's width.
  void say(std::string_view text);
  void show(const TextTable& table);

  /// Runs `cloister ARGUMENTS --json`. Errors: that of the command, which has told it on standard error too;
  /// InternalError where no object comes back.
  StepResult run(std::vector<std::string> arguments);

 private:
  std::filesystem::path folder_;
  const InterruptGuard& interrupt_;
  std::ostream& out_;
  int descriptor_;
  TerminalTraits traits_;
  std::vector<std::string> commands_;
};

/// `words` as one would type them in a shell, quoted where they need it.
std::string shell_line(const std::vector<std::string>& words);

}  // namespace cloister::app
