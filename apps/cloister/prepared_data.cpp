#include "apps/cloister/prepared_data.h"

#include "apps/cloister/json_file.h"
#include "apps/common/folders.h"
#include "cloister/base/bytes.h"
#include "cloister/base/error.h"
#include "cloister/data/csv.h"

namespace cloister::app {

namespace {

constexpr const char* kChecksum = "sha256";

// A changed digit would give other features without a sign of it.
std::string checksum(const nlohmann::json& preparation) {
  const std::string text = preparation.dump();
  return to_hex(sha256({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}));
}

}  // namespace

void save_preparation(const std::filesystem::path& path, const data::Preparation& preparation, bool replace) {
  nlohmann::json json = preparation.to_json();
  json[kChecksum] = checksum(json);
  save_json(path, json, replace ? Overwrite::kReplace : Overwrite::kRefuse, FileMode::kSecret);
}

data::Preparation load_preparation(const std::filesystem::path& path) {
  require_present(path, "make it with `cloister plan`, or name the owner's folder with --owner");
  nlohmann::json json = load_json(path, "preparation");
  const std::string stated = json.is_object() ? json.value(kChecksum, nlohmann::json()).dump() : "";
  if (json.is_object()) json.erase(kChecksum);
  if (stated != nlohmann::json(checksum(json)).dump())
    throw DecodeError(path.string(), 0,
                      "it is damaged, was edited, or is no preparation; make it anew with `cloister plan`");
  try {
    return data::Preparation::from_json(json);
  } catch (const Error& e) {
    throw DecodeError(path.string(), 0, e.what());
  }
}

data::Table read_table(const std::filesystem::path& path, const data::Preparation& preparation) {
  data::CsvOptions options;
  options.text_columns = preparation.text_columns();
  return data::read_csv(path, options);
}

data::Examples load_examples(const std::filesystem::path& path, const data::Preparation& preparation) {
  return preparation.apply(read_table(path, preparation), data::TargetUse::kRequired);
}

}  // namespace cloister::app
