#include "apps/cloister/prepared_data.h"

#include "apps/cloister/json_file.h"
#include "apps/common/folders.h"
#include "cloister/base/error.h"
#include "cloister/data/csv.h"

namespace cloister::app {

void save_preparation(const std::filesystem::path& path, const data::Preparation& preparation, bool replace) {
  save_json(path, preparation.to_json(), replace ? Overwrite::kReplace : Overwrite::kRefuse,
            FileMode::kSecret);
}

data::Preparation load_preparation(const std::filesystem::path& path) {
  require_present(path, "make it with `cloister plan`, or name the owner's folder with --owner");
  const nlohmann::json json = load_json(path, "preparation");
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
