#include "cloister/wire/internal/bounded_json.h"

#include <set>
#include <vector>

#include "cloister/base/error.h"

namespace cloister::wire::internal {
namespace {
constexpr int kMaxDepth = 4;
}

void fail_json(const std::string& what, const std::string& problem) {
  throw Error(ErrorCode::kDataLoss, what + ": " + problem);
}

nlohmann::json parse_bounded_json(std::string_view text, const std::string& what) {
  using Event = nlohmann::json::parse_event_t;
  std::vector<std::set<std::string>> fields;  // of the objects that are open
  const auto check = [&](int depth, Event event, nlohmann::json& parsed) {
    if (depth > kMaxDepth) fail_json(what, "it is nested too deeply");
    if (event == Event::object_start) fields.emplace_back();
    if (event == Event::object_end) fields.pop_back();
    if (event == Event::key && !fields.back().insert(parsed.get<std::string>()).second)
      fail_json(what, "a field is given twice");
    return true;
  };
  auto json = nlohmann::json::parse(text.begin(), text.end(), check, false);
  if (json.is_discarded()) fail_json(what, "it is not JSON");
  return json;
}

const nlohmann::json& require_field(const nlohmann::json& object, const char* name, const std::string& what) {
  if (!object.is_object()) fail_json(what, "an object is expected");
  const auto found = object.find(name);
  if (found == object.end()) fail_json(what, std::string("the field \"") + name + "\" is missing");
  return *found;
}

const std::string& require_text(const nlohmann::json& object, const char* name, const std::string& what) {
  const auto& field = require_field(object, name, what);
  if (!field.is_string()) fail_json(what, std::string("the field \"") + name + "\" is not text");
  return field.get_ref<const std::string&>();
}

}  // namespace cloister::wire::internal
