#pragma once

#include <algorithm>
#include <sstream>
#include <string>

namespace cloister::ml {

// How messages about requests name numbers and fields, for readers of every front end.

/// The shortest that keeps six digits: 1e-09, 0.001, 16.
inline std::string short_number(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

/// "1 iteration", "2 iterations".
template <typename Count>
std::string counted(Count count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

/// A field of a request as Python's and as the command line's: "max_error (--max-error)", and with a value
/// "iterations=8 (--iterations 8)".
inline std::string setting(const std::string& field, const std::string& value = "") {
  std::string option = field;
  std::ranges::replace(option, '_', '-');
  if (value.empty()) return field + " (--" + option + ")";
  return field + "=" + value + " (--" + option + " " + value + ")";
}

}  // namespace cloister::ml
