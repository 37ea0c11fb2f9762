#include "cloister/data/internal/fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace cloister::data::internal {

bool is_missing_field(std::string_view field) noexcept {
  constexpr std::array<std::string_view, 7> kMissing = {"", "NA", "N/A", "?", "NaN", "nan", "null"};
  return std::find(kMissing.begin(), kMissing.end(), field) != kMissing.end();
}

NumberKind parse_number(std::string_view field, double& value) noexcept {
  if (field.size() > 1 && field[0] == '+' && field[1] != '-') field.remove_prefix(1);
  double parsed = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), parsed);
  if (error == std::errc::invalid_argument || end != field.data() + field.size()) return NumberKind::kNone;
  if (error != std::errc() || !std::isfinite(parsed)) return NumberKind::kNotFinite;
  value = parsed;
  return NumberKind::kFinite;
}

std::string format_number(double value) {
  std::array<char, 32> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::string(text.data(), end) : std::string();
}

std::uint64_t first_text_line(const Table& table, const Column& column) {
  std::uint64_t first_value = 0;
  double ignored = 0;
  for (std::size_t r = 0; r < column.rows(); ++r) {
    if (column.is_missing(r)) continue;
    if (first_value == 0) first_value = table.line(r);
    if (parse_number(column.text_at(r), ignored) == NumberKind::kNone) return table.line(r);
  }
  return first_value;
}

bool is_valid_utf8(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  std::size_t i = 0;
  while (i < text.size()) {
    const unsigned lead = byte(i++);
    if (lead < 0x80) continue;
    // The lead byte says how many bytes follow, and the least that they may encode.
    if (lead < 0xC2 || lead > 0xF4) return false;
    const std::size_t follow = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    const std::uint32_t least = follow == 1 ? 0x80 : follow == 2 ? 0x800 : 0x10000;
    if (text.size() - i < follow) return false;
    std::uint32_t code = lead & (0x3Fu >> follow);
    for (std::size_t k = 0; k < follow; ++k, ++i) {
      if ((byte(i) & 0xC0) != 0x80) return false;
      code = code << 6 | (byte(i) & 0x3Fu);
    }
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (code < least || surrogate || code > 0x10FFFF) return false;
  }
  return true;
}

std::size_t count_code_points(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace cloister::data::internal
