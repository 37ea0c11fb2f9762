#include "apps/cloister/report/numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace cloister::app {
namespace {

constexpr std::string_view kMinus = "−", kThinSpace = "\u202F";

/// The digits before the point in groups of three.
std::string grouped(const std::string& plain) {
  const std::size_t point = std::min(plain.find('.'), plain.size());
  if (point <= 4) return plain;
  std::string out;
  for (std::size_t i = 0; i < point; ++i) {
    if (i != 0 && (point - i) % 3 == 0) out += kThinSpace;
    out += plain[i];
  }
  return out + plain.substr(point);
}

std::string signed_text(double value, const std::string& magnitude) {
  return (value < 0 ? std::string(kMinus) : std::string()) + magnitude;
}

std::string power_of_ten(double magnitude, int digits) {
  const std::string text = fmt::format("{:.{}e}", magnitude, std::max(0, digits - 1));
  const std::size_t e = text.find('e');
  static constexpr std::array<std::string_view, 10> kRaised{"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  const int exponent = std::stoi(text.substr(e + 1));
  std::string raised = exponent < 0 ? "⁻" : "";
  for (const char c : std::to_string(std::abs(exponent)))
    raised += kRaised[static_cast<std::size_t>(c - '0')];
  return text.substr(0, e) + "×10" + raised;
}

}  // namespace

std::string format_count(double value) {
  return signed_text(value, grouped(fmt::format("{:.0f}", std::abs(value))));
}

std::string format_value(double value, int digits) {
  const double magnitude = std::abs(value);
  if (magnitude == 0) return "0";
  if (magnitude < 1e-3 || magnitude >= 1e9)
    return signed_text(value, power_of_ten(magnitude, digits > 2 ? 2 : digits));
  if (magnitude == std::floor(magnitude)) return format_count(value);
  const int before = static_cast<int>(std::floor(std::log10(magnitude))) + 1;
  const int decimals = std::max(0, digits - std::max(before, 0) - (before < 0 ? before : 0));
  std::string text = fmt::format("{:.{}f}", magnitude, decimals);
  if (decimals > 0) text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return signed_text(value, grouped(text));
}

std::string format_fixed(double value, int decimals) {
  return signed_text(value, grouped(fmt::format("{:.{}f}", std::abs(value), decimals)));
}

int decimals_for(std::span<const double> values) {
  double smallest = 0;
  for (const double value : values)
    if (value != 0) smallest = smallest == 0 ? std::abs(value) : std::min(smallest, std::abs(value));
  if (smallest == 0) return 0;
  return std::clamp(3 - static_cast<int>(std::floor(std::log10(smallest))), 0, 6);
}

std::string format_percent(double share, int decimals) {
  return signed_text(share, fmt::format("{:.{}f}%", std::abs(share) * 100, decimals));
}

std::string format_times(double large, double small) {
  const double ratio = large / small;
  if (!std::isfinite(ratio)) return "any number of times";
  if (ratio >= 1e6) return power_of_ten(ratio, 1) + " times";
  if (ratio < 9.95) return fmt::format("{:.1f} times", ratio);
  const double unit = std::pow(10, std::floor(std::log10(ratio)) - 1);
  return format_count(std::floor(ratio / unit) * unit) + " times";
}

std::string counted(double count, const std::string& singular, const std::string& plural) {
  return format_count(count) + " " + (count == 1 ? singular : plural);
}

}  // namespace cloister::app
