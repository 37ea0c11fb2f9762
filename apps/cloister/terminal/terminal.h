#pragma once

#include <string>
#include <string_view>

namespace cloister::app {

/// What the other end of a file descriptor can show.
struct TerminalTraits {
  bool interactive = false;  ///< a terminal that moves its cursor (not a file, a pipe or TERM=dumb)
  bool colour = false;       ///< interactive, and NO_COLOR is unset or empty (no-color.org)
  bool unicode = false;      ///< the locale says UTF-8

  /// What the process's environment and the descriptor say.
  static TerminalTraits of(int descriptor);
};

/// Columns of the terminal behind `descriptor`; 80 where it does not say.
int terminal_columns(int descriptor);

enum class Emphasis { kNone, kBold, kFaint, kGood, kWarning, kBad };

/// `text` with the escape sequences of `emphasis` around it, or as it is where `colour` is false.
std::string emphasized(std::string_view text, Emphasis emphasis, bool colour);

}  // namespace cloister::app
