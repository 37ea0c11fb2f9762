#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cloister::app {

/// Takes one code point off the front of `rest`, which must not be empty. A malformed sequence gives
/// U+FFFD and takes one byte.
char32_t take_code_point(std::string_view& rest);

/// `text` as valid UTF-8 on one line: tabs and line ends become spaces; other control characters, the
/// controls of writing direction and malformed bytes become U+FFFD. A column's name from a file can so
/// neither move the cursor nor disguise what stands beside it.
std::string sanitized(std::string_view text);

/// Columns that `text` takes on a terminal: 0 for a combining mark, 2 for wide characters, else 1.
std::size_t display_width(std::string_view text);

/// `text` cut to at most `columns`, with an ellipsis in place of what was cut.
std::string fitted(std::string_view text, std::size_t columns);

}  // namespace cloister::app
