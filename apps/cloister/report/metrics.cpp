#include "apps/cloister/report/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "apps/cloister/report/numbers.h"
#include "apps/cloister/report/run_view.h"

namespace cloister::app {
namespace {

struct Known {
  const char* key;
  const char* name;
  bool percent;
};
constexpr std::array kKnown{Known{"auc", "AUC", false},
                            Known{"r2", "R²", false},
                            Known{"accuracy", "Accuracy", true},
                            Known{"precision", "Precision", true},
                            Known{"recall", "Recall", true},
                            Known{"f1", "F1", false},
                            Known{"log_loss", "Log loss", false},
                            Known{"rmse", "Root mean square error", false},
                            Known{"mae", "Mean absolute error", false}};

}  // namespace

std::string Metric::text(double value) const {
  if (percent) return format_percent(value);
  // Four decimals for what lies between 0 and 1, so that the two columns compare digit by digit.
  return std::abs(value) <= 1 ? fmt::format("{}{:.4f}", value < 0 ? "−" : "", std::abs(value))
                              : format_value(value, 6);
}

std::string Metric::difference() const {
  const double d = encrypted - clear;
  if (d == 0) return "none";
  const std::string sign = d > 0 ? "+" : "";
  return sign + (percent ? format_value(d * 100, 2) + " points" : format_value(d, 2));
}

std::vector<Metric> metrics_of(const nlohmann::json& run) {
  std::vector<Metric> out;
  const auto add = [&](const char* key, const std::string& name, bool percent) {
    const auto clear = number(run, {"clear", key}), encrypted = number(run, {"encrypted", key});
    if (clear && encrypted) out.push_back({key, name, percent, *clear, *encrypted});
  };
  for (const Known& known : kKnown) add(known.key, known.name, known.percent);
  const nlohmann::json* clear = member(run, {"clear"});
  if (clear == nullptr || !clear->is_object()) return out;
  for (const auto& item : clear->items())
    if (std::ranges::none_of(kKnown, [&](const Known& k) { return item.key() == k.key; }))
      add(item.key().c_str(), item.key(), false);
  return out;
}

}  // namespace cloister::app
