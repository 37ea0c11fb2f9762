#include "apps/cloister/report/steps.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <vector>

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
constexpr std::array kItems{Known{"evaluation_keys", "Evaluation keys", "owner"},
                            Known{"public_key", "Public key", "owner"},
                            Known{"dataset", "Encrypted rows", "owner"},
                            Known{"rows", "Encrypted rows to predict", "owner"},
                            Known{"model", "Encrypted model", "server"},
                            Known{"predictions", "Encrypted predictions", "server"}};

// What the same keys stand for in Paillier's jobs, where that is something else.
constexpr std::array kSummedItems{Known{"evaluation_keys", "Public key", "owner"},
                                  Known{"dataset", "Owners' encrypted sums", "owner"},
                                  Known{"model", "Added sums, encrypted", "server"}};
constexpr std::array kClearModelItems{Known{"evaluation_keys", "Public key", "owner"},
                                      Known{"model", "Model, in the clear", "server"}};

// The names that a scheme's job has for its own items, before those that all share.
std::span<const Known> own_items(const nlohmann::json& run) {
  const std::string job = text(run, {"job"});
  if (text(run, {"scheme"}) != "Paillier") return {};
  if (job == "aggregate") return kSummedItems;
  if (job == "predict") return kClearModelItems;
  return {};
}

Amount named(std::initializer_list<std::span<const Known>> tables, const std::string& key, double value) {
  for (const auto& table : tables)
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
    out.push_back(named({kSteps}, key, value));
  return out;
}

std::vector<Amount> item_bytes(const nlohmann::json& run) {
  std::vector<Amount> out;
  for (const auto& [key, value] : ordered_amounts(
           run, "bytes", {"evaluation_keys", "public_key", "dataset", "rows", "model", "predictions"}))
    out.push_back(named({own_items(run), kItems}, key, value));
  return out;
}

std::optional<double> uploaded_bytes(const nlohmann::json& run) {
  std::optional<double> sum;
  for (const char* key : {"evaluation_keys", "dataset", "rows"})
    if (const auto bytes = non_negative(run, {"bytes", key})) sum = sum.value_or(0) + *bytes;
  return sum;
}

std::string bytes_text(double bytes) {
  constexpr double kTooMany = 18446744073709551616.0;  // 2^64
  if (bytes >= kTooMany) return format_bytes(std::numeric_limits<std::uint64_t>::max());
  return format_bytes(static_cast<std::uint64_t>(std::max(0.0, bytes)));
}

}  // namespace cloister::app
