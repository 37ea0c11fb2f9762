#include "cloister/pipeline/plan_file.h"

#include <nlohmann/json.hpp>

namespace cloister::pipeline {
namespace {
constexpr std::uint64_t kMaxPlanBytes = 4 << 20;
}

ml::Plan load_plan(const std::filesystem::path& path) {
  const auto bytes = read_file(path, kMaxPlanBytes);
  const auto json = nlohmann::ordered_json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (json.is_discarded())
    throw DecodeError(path.string(), 0, "this is no plan file (not JSON); make one, or name another file");
  try {
    return ml::Plan::from_json(json);
  } catch (const DecodeError& e) {
    throw DecodeError(path.string(), e.offset(), e.what());
  }
}

void save_plan(const std::filesystem::path& path, const ml::Plan& plan, Overwrite overwrite) {
  const std::string text = plan.to_json().dump(2) + "\n";
  write_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, overwrite);
}

}  // namespace cloister::pipeline
