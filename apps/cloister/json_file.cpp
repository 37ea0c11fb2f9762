#include "apps/cloister/json_file.h"

#include <string>

#include "cloister/base/error.h"

namespace cloister::app {
namespace {
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 30;
}

void save_json(const std::filesystem::path& path, const nlohmann::ordered_json& json, Overwrite overwrite,
               FileMode mode) {
  const std::string text = json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  write_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, overwrite, mode);
}

nlohmann::ordered_json load_json(const std::filesystem::path& path, const char* what) {
  const auto bytes = read_file(path, kMaxBytes);
  auto json = nlohmann::ordered_json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (json.is_discarded())
    throw DecodeError(path.string(), 0, std::string("this is no ") + what + " (not JSON)");
  return json;
}

}  // namespace cloister::app
