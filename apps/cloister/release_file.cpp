#include "apps/cloister/release_file.h"

#include "apps/cloister/json_file.h"
#include "cloister/base/error.h"

namespace cloister::app {
namespace {
constexpr const char* kFormat = "cloister releases 1";
}

ckks::ReleaseBudget load_releases(const std::filesystem::path& path, std::uint32_t allowed,
                                  int statistical_bits) {
  if (!std::filesystem::exists(path)) return {allowed, statistical_bits};
  const auto json = load_json(path, "count of releases");
  try {
    if (json.at("format").get<std::string>() != kFormat)
      throw DecodeError(path.string(), 0, "this is no count of releases");
    return ckks::ReleaseBudget::restore(json.at("allowed").get<std::uint32_t>(),
                                        json.at("used").get<std::uint32_t>(),
                                        json.at("statistical_bits").get<int>());
  } catch (const nlohmann::json::exception& e) {
    throw DecodeError(path.string(), 0, std::string("this is no count of releases: ") + e.what());
  }
}

void save_releases(const std::filesystem::path& path, const ckks::ReleaseBudget& budget) {
  save_json(path,
            {{"format", kFormat},
             {"allowed", budget.allowed()},
             {"used", budget.used()},
             {"statistical_bits", budget.statistical_bits()}},
            Overwrite::kReplace, FileMode::kSecret);
}

}  // namespace cloister::app
