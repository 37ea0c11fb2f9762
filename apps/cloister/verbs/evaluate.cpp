#include <fmt/format.h>

#include <array>
#include <memory>
#include <string>

#include "apps/cloister/evaluation.h"
#include "apps/cloister/json_file.h"
#include "apps/cloister/owner_folder.h"
#include "apps/cloister/terminal/text_table.h"
#include "apps/cloister/verbs/verbs.h"
#include "apps/common/common_options.h"
#include "apps/common/plan_view.h"
#include "apps/common/step_output.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::app {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  CommonOptions common;
  std::string owner = "owner", server = "server", name;
};

std::string cell(const Json& metrics, const std::string& part, const char* metric) {
  if (!metrics.contains(part) || !metrics[part].contains(metric)) return "-";
  return fmt::format("{:.4f}", metrics[part][metric].get<double>());
}

void add_rows(TextTable& table, const Json& metrics, const char* rows) {
  constexpr std::array<std::pair<const char*, const char*>, 9> kMetrics{{
      {"accuracy", "part of the rows whose class is right"},
      {"auc", "chance that a positive row scores above a negative one"},
      {"precision", "part of the rows called positive that are"},
      {"recall", "part of the positive rows that are called so"},
      {"f1", "balance of the two above"},
      {"log_loss", "how surprised the probabilities are; less is better"},
      {"r2", "part of the target's variation that is explained"},
      {"rmse", "typical error, in the target's unit"},
      {"mae", "mean error, in the target's unit"},
  }};
  for (const auto& [metric, meaning] : kMetrics) {
    const std::string encrypted = cell(metrics, "encrypted", metric);
    if (encrypted != "-")
      table.add_row({fmt::format("{} ({})", metric, rows), encrypted, cell(metrics, "clear", metric),
                     cell(metrics, "yardstick", metric), meaning});
  }
}

void describe(const Json& metrics, StepOutput& out) {
  using enum TextTable::Align;
  const std::string yardstick = metrics.value("yardstick_name", "best fit");
  TextTable table(
      {{"metric"}, {"encrypted", kRight}, {"in the clear", kRight}, {yardstick, kRight}, {"what it means"}});
  add_rows(table, metrics, "test");
  if (metrics.contains("train")) add_rows(table, metrics["train"], "training");
  if (table.rows() != 0) out.say(table);
  if (metrics.contains("weights_max_abs_error")) {
    const double error = metrics["weights_max_abs_error"].get<double>(),
                 bound = metrics["error_bound"].get<double>();
    out.say(fmt::format(
        "\nWeights learnt under encryption differ from the same algorithm in the clear by at most {}; the "
        "bound is {}{}",
        short_number(error), short_number(bound),
        error <= bound ? "." : ". THE BOUND IS NOT KEPT: do not trust this model."));
  }
  if (metrics.contains("guaranteed") && !metrics["guaranteed"].get<bool>())
    out.say(fmt::format(
        "The bound is not guaranteed for this table: a margin of {} was met, and the plan's proof holds up "
        "to {}. Fewer iterations, or a ridge, keep margins smaller.",
        short_number(metrics["largest_margin"].get<double>()),
        short_number(metrics["margin_limit"].get<double>())));
  if (metrics.contains("prediction_max_abs_error"))
    out.say(
        fmt::format("Predictions differ by at most {}{}.",
                    short_number(metrics["prediction_max_abs_error"].get<double>()),
                    metrics.contains("prediction_error_bound")
                        ? "; the bound is " + short_number(metrics["prediction_error_bound"].get<double>())
                        : ""));
}

void run(const Options& options) {
  StepOutput out("evaluate", options.common.json);
  const OwnerFolder owner{options.owner};
  const Json metrics = evaluate(owner, {options.server}, options.name);
  out.belongs_to(pipeline::load_plan(owner.plan()));
  save_json(owner.metrics(), metrics, Overwrite::kReplace, FileMode::kSecret);
  out.wrote(owner.metrics());
  out.details()["metrics"] = metrics;
  describe(metrics, out);
  out.next("`cloister report` makes a page of it.");
  out.print();
}

}  // namespace

void add_evaluate_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("evaluate", "Owner: compare with the same training in the clear");
  add_name_option(*verb, options->name);
  add_owner_option(*verb, options->owner);
  add_server_option(*verb, options->server);
  add_common_options(*verb, options->common);
  verb->footer(
      "Reads the clear rows of the owner's folder, and writes metrics.json there.\nExample:\n  cloister "
      "evaluate");
  verb->callback([options] { run(*options); });
}

}  // namespace cloister::app
