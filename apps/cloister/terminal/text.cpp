#include "apps/cloister/terminal/text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace cloister::app {
namespace {

constexpr char32_t kReplacement = 0xFFFD;
constexpr std::string_view kReplacementBytes = "\xEF\xBF\xBD";

using Range = std::pair<char32_t, char32_t>;

/// Combining marks, joiners and variation selectors of the scripts a column's name may be written in.
constexpr std::array kZeroWidth{Range{0x0300, 0x036F}, Range{0x0483, 0x0489}, Range{0x0591, 0x05BD},
                                Range{0x0610, 0x061A}, Range{0x064B, 0x065F}, Range{0x093C, 0x093C},
                                Range{0x0941, 0x0948}, Range{0x0E34, 0x0E3A}, Range{0x0E47, 0x0E4E},
                                Range{0x1AB0, 0x1AFF}, Range{0x1DC0, 0x1DFF}, Range{0x200B, 0x200D},
                                Range{0x20D0, 0x20FF}, Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F}};

/// East Asian wide blocks and pictographs (Unicode Standard Annex 11, by block).
constexpr std::array kDoubleWidth{Range{0x1100, 0x115F},   Range{0x2E80, 0x303E},   Range{0x3041, 0xA4CF},
                                  Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},
                                  Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},   Range{0x1F300, 0x1F64F},
                                  Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1F9FF}, Range{0x20000, 0x3FFFD}};

template <std::size_t kSize>
bool in_ranges(const std::array<Range, kSize>& ranges, char32_t c) {
  return std::ranges::any_of(ranges, [c](const Range& r) { return r.first <= c && c <= r.second; });
}

bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

std::size_t width_of(char32_t c) {
  if (in_ranges(kZeroWidth, c)) return 0;
  return in_ranges(kDoubleWidth, c) ? 2 : 1;
}

}  // namespace

char32_t take_code_point(std::string_view& rest) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead < 0x80             ? 1
                             : (lead & 0xE0) == 0xC0 ? 2
                             : (lead & 0xF0) == 0xE0 ? 3
                             : (lead & 0xF8) == 0xF0 ? 4
                                                     : 0;
  static constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  if (length == 0 || length > rest.size()) {
    rest.remove_prefix(1);
    return kReplacement;
  }
  char32_t c = length == 1 ? lead : lead & (0x7F >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) {
      rest.remove_prefix(1);
      return kReplacement;
    }
    c = (c << 6) | (byte(i) & 0x3F);
  }
  const bool valid = c >= kSmallest[length] && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
  rest.remove_prefix(valid ? length : 1);
  return valid ? c : kReplacement;
}

std::string sanitized(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t c = take_code_point(text);
    if (c == U'\t' || c == U'\n' || c == U'\r')
      out += ' ';
    else if (c == kReplacement || is_control(c))
      out += kReplacementBytes;
    else
      out += before.substr(0, before.size() - text.size());
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) width += width_of(take_code_point(text));
  return width;
}

std::string fitted(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::string_view rest = text;
  std::size_t width = 0, kept = 0;
  while (!rest.empty()) {
    width += width_of(take_code_point(rest));
    if (width > columns - 1) break;
    kept = text.size() - rest.size();
  }
  return std::string(text.substr(0, kept)) + "…";
}

}  // namespace cloister::app
