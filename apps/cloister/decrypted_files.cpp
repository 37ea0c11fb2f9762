#include "apps/cloister/decrypted_files.h"

#include <cmath>
#include <optional>
#include <string_view>

#include "apps/cloister/json_file.h"
#include "apps/common/folders.h"
#include "cloister/base/error.h"
#include "cloister/data/csv.h"
#include "cloister/ml/polynomial_fit.h"

namespace cloister::app {
namespace {

constexpr const char* kMargin = "margin";

std::vector<double> as_doubles(const std::vector<std::uint64_t>& values) {
  return {values.begin(), values.end()};
}

}  // namespace

void save_decrypted_model(const std::filesystem::path& path, const pipeline::DecryptedModel& decrypted,
                          const data::Preparation& preparation) {
  const pipeline::ClearModel& model = decrypted.model;
  const auto original = preparation.weights_in_original_units(model.weights, model.intercept);
  nlohmann::ordered_json j = pipeline::to_json(model);
  j["error_bound"] = decrypted.error_bound;
  j["in_original_units"] = {{"weights", original.weights}, {"intercept", original.intercept}};
  save_json(path, j, Overwrite::kReplace, FileMode::kSecret);
}

pipeline::DecryptedModel load_decrypted_model(const std::filesystem::path& path) {
  pipeline::DecryptedModel out;
  out.model = pipeline::load_clear_model(path);
  const auto json = load_json(path, "model");
  if (!json.contains("error_bound") || !json["error_bound"].is_number())
    throw DecodeError(path.string(), 0,
                      "this is no model that `cloister decrypt` wrote: its error bound is missing");
  out.error_bound = json["error_bound"].get<double>();
  return out;
}

std::vector<std::uint64_t> load_row_lines(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return {};
  const auto json = load_json(path, "list of rows");
  try {
    return json.at("lines").get<std::vector<std::uint64_t>>();
  } catch (const nlohmann::json::exception&) {
    throw DecodeError(path.string(), 0, "this is no list of rows that `cloister encrypt` wrote");
  }
}

void save_predictions(const std::filesystem::path& path, const pipeline::DecryptedPredictions& predictions,
                      const data::Preparation& preparation, const std::vector<std::uint64_t>& lines) {
  const std::size_t rows = predictions.margins.size();
  if (!lines.empty() && lines.size() != rows)
    throw MismatchError("the predictions are not of the rows that were encrypted last under this name",
                        std::to_string(rows), std::to_string(lines.size()));
  std::vector<double> numbers(rows), values(rows);
  for (std::size_t i = 0; i < rows; ++i) numbers[i] = static_cast<double>(i + 1);
  std::vector<data::Column> columns = {data::Column::numeric("row", numbers)};
  if (!lines.empty()) columns.push_back(data::Column::numeric("line", as_doubles(lines)));
  columns.push_back(data::Column::numeric(kMargin, predictions.margins));
  if (preparation.spec().task == data::Task::kClassification) {
    std::vector<std::optional<std::string_view>> classes(rows);
    for (std::size_t i = 0; i < rows; ++i) {
      values[i] = ml::sigmoid(predictions.margins[i]);
      classes[i] = values[i] >= 0.5 ? preparation.positive_class() : preparation.negative_class();
    }
    columns.push_back(data::Column::numeric("probability", values));
    columns.push_back(data::Column::text("class", classes));
  } else {
    for (std::size_t i = 0; i < rows; ++i)
      values[i] = preparation.target_in_original_units(predictions.margins[i]);
    columns.push_back(data::Column::numeric("prediction", values));
  }
  data::write_csv(path, data::Table(std::move(columns)), Overwrite::kReplace);
}

std::vector<double> load_margins(const std::filesystem::path& path) {
  const data::Table table = data::read_csv(path);
  const data::Column& column = table.column(kMargin);
  if (!column.is_numeric() || column.missing_count() != 0)
    throw DecodeError(path.string(), 0, "these are no predictions that `cloister decrypt` wrote");
  std::vector<double> margins(table.rows());
  for (std::size_t r = 0; r < margins.size(); ++r) margins[r] = column.number(r);
  return margins;
}

}  // namespace cloister::app
