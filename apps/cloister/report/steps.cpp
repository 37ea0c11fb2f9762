#include "apps/cloister/report/steps.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include "apps/cloister/report/run_view.h"
#include "apps/cloister/terminal/format.h"

namespace cloister::app {
namespace {

struct Known {
  const char* key;
  const char* name;
  const char* role;
};
constexpr std::array kSteps{Known{"plan", "Plan", "owner"},        Known{"keygen", "Generate keys", "owner"},
                            Known{"encrypt", "Encrypt", "owner"},  Known{"train", "Train", "server"},
                            Known{"predict", "Predict", "server"}, Known{"decrypt", "Decrypt", "owner"}};
constexpr std::array kItems{
    Known{"evaluation_keys", "Evaluation keys", "owner"}, Known{"public_key", "Public key", "owner"},
    Known{"dataset", "Encrypted rows", "owner"}, Known{"model", "Encrypted model", "server"},
    Known{"predictions", "Encrypted predictions", "server"}};

Amount named(std::span<const Known> table, const std::string& key, double value) {
  for (const Known& known : table)
    if (key == known.key) return {known.name, known.role, value};
  std::string name = key;
  for (char& c : name)
    if (c == '_') c = ' ';
  return {name, "other", value};
}

}  // namespace

std::vector<Amount> step_seconds(const nlohmann::json& run) {
  std::vector<Amount> out;
  for (const auto& [key, value] :
       ordered_amounts(run, "seconds", {"plan", "keygen", "encrypt", "train", "predict", "decrypt"}))
    out.push_back(named(kSteps, key, value));
  return out;
}

std::vector<Amount> item_bytes(const nlohmann::json& run) {
  std::vector<Amount> out;
  for (const auto& [key, value] :
       ordered_amounts(run, "bytes", {"evaluation_keys", "public_key", "dataset", "model", "predictions"}))
    out.push_back(named(kItems, key, value));
  return out;
}

std::optional<double> uploaded_bytes(const nlohmann::json& run) {
  const auto keys = non_negative(run, {"bytes", "evaluation_keys"}),
             rows = non_negative(run, {"bytes", "dataset"});
  if (!keys && !rows) return std::nullopt;
  return keys.value_or(0) + rows.value_or(0);
}

std::string bytes_text(double bytes) {
  constexpr double kTooMany = 18446744073709551616.0;  // 2^64
  if (bytes >= kTooMany) return format_bytes(std::numeric_limits<std::uint64_t>::max());
  return format_bytes(static_cast<std::uint64_t>(std::max(0.0, bytes)));
}

}  // namespace cloister::app
