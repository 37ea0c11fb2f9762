#include "apps/cloister/terminal/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace cloister::app {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

/// The first of POSIX's variables for characters that is set decides.
bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value(environment(name));
    if (value.empty()) continue;
    std::ranges::transform(value, value.begin(), [](unsigned char c) { return std::tolower(c); });
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

}  // namespace

TerminalTraits TerminalTraits::of(int descriptor) {
  TerminalTraits traits;
  traits.interactive = ::isatty(descriptor) == 1 && environment("TERM") != "dumb";
  traits.colour = traits.interactive && environment("NO_COLOR").empty();
  traits.unicode = locale_is_utf8();
  return traits;
}

int terminal_columns(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

std::string emphasized(std::string_view text, Emphasis emphasis, bool colour) {
  if (!colour || emphasis == Emphasis::kNone || text.empty()) return std::string(text);
  const char* code = "";
  switch (emphasis) {
    case Emphasis::kNone:
      break;
    case Emphasis::kBold:
      code = "1";
      break;
    case Emphasis::kFaint:
      code = "2";
      break;
    case Emphasis::kGood:
      code = "32";
      break;
    case Emphasis::kWarning:
      code = "33";
      break;
    case Emphasis::kBad:
      code = "31";
      break;
  }
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace cloister::app
