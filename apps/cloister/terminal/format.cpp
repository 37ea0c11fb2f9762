#include "apps/cloister/terminal/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "cloister/base/error.h"

namespace cloister::app {
namespace {

/// Three significant digits without an exponent, for 1 <= value < 1000.
std::string three_digits(double value) {
  if (value < 9.995) return fmt::format("{:.2f}", value);
  if (value < 99.95) return fmt::format("{:.1f}", value);
  return fmt::format("{:.0f}", value);
}

}  // namespace

std::string format_bytes(std::uint64_t bytes) {
  if (bytes == 1) return "1 byte";
  if (bytes < 1000) return fmt::format("{} bytes", bytes);
  static constexpr std::array kUnits{"kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return three_digits(value) + " " + kUnits[unit];
}

std::string format_seconds(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0)
    throw ParametersError("format_seconds: a duration must be finite and at least 0");
  if (seconds == 0) return "0 s";
  if (seconds < 999.5e-6) return fmt::format("{:.0f} µs", std::max(1.0, seconds * 1e6));
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 9.995) return fmt::format("{:.2f} s", seconds);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::uint64_t>(std::llround(std::min(seconds, 1e15)));
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  const std::uint64_t minutes = (whole + 30) / 60;
  if (minutes < std::uint64_t{24} * 60) return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
  const std::uint64_t hours = (whole + 1800) / 3600;
  return fmt::format("{} d {:02} h", hours / 24, hours % 24);
}

std::string format_probability(double probability) {
  if (!(probability >= 0 && probability <= 1))
    throw ParametersError("format_probability: a probability must lie between 0 and 1");
  if (probability == 0) return "0%";
  if (probability == 1) return "100%";
  if (probability < 1e-4) return fmt::format("1 in 2^{:.0f}", std::floor(-std::log2(probability)));
  if (probability < 0.01) return fmt::format("{:.2f}%", probability * 100);
  // Capped, because rounding would turn it into a certainty.
  if (probability > 0.999) return fmt::format("{:.2f}%", std::min(99.99, probability * 100));
  return fmt::format("{:.1f}%", probability * 100);
}

}  // namespace cloister::app
