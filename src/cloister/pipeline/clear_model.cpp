#include "cloister/pipeline/clear_model.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace cloister::pipeline {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::uint64_t kMaxModelBytes = 4 << 20;
constexpr const char* kFormat = "cloister clear model 1";

ClearModel read(const Json& j) {
  if (j.at("format").get<std::string>() != kFormat) throw DecodeError("format", 0, "not a clear model");
  ClearModel m;
  const auto kind = j.at("model").get<std::string>();
  if (kind != "logistic" && kind != "linear") throw DecodeError("model", 0, "'" + kind + "' is not known");
  m.kind = kind == "logistic" ? ml::ModelKind::kLogistic : ml::ModelKind::kLinear;
  m.names = j.at("names").get<std::vector<std::string>>();
  m.weights = j.at("weights").get<std::vector<double>>();
  m.intercept = j.at("intercept").get<double>();
  if (m.weights.empty() || m.weights.size() > 4096 ||
      (!m.names.empty() && m.names.size() != m.weights.size()))
    throw DecodeError("weights", 0, "a weight a feature is due, 1 to 4096 of them");
  for (const double w : m.weights)
    if (!std::isfinite(w)) throw DecodeError("weights", 0, "a weight is not finite");
  if (!std::isfinite(m.intercept)) throw DecodeError("intercept", 0, "it is not finite");
  return m;
}

}  // namespace

ClearModel load_clear_model(const std::filesystem::path& path) {
  const auto bytes = read_file(path, kMaxModelBytes);
  try {
    return read(Json::parse(bytes.begin(), bytes.end()));
  } catch (const Json::exception& e) {
    throw DecodeError(path.string(), 0, std::string("this is no clear model: ") + e.what());
  } catch (const DecodeError& e) {
    throw DecodeError(path.string(), 0, e.what());
  }
}

Json to_json(const ClearModel& model) {
  return {{"format", kFormat},
          {"model", ml::to_string(model.kind)},
          {"names", model.names},
          {"weights", model.weights},
          {"intercept", model.intercept}};
}

void save_clear_model(const std::filesystem::path& path, const ClearModel& model, Overwrite overwrite) {
  const std::string text = to_json(model).dump(2) + "\n";
  write_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, overwrite,
             FileMode::kSecret);
}

}  // namespace cloister::pipeline
