#include <fmt/format.h>

#include "apps/cloister/report/metrics.h"
#include "apps/cloister/report/numbers.h"
#include "apps/cloister/report/run_view.h"
#include "apps/cloister/report/sections.h"
#include "apps/cloister/report/way.h"
#include "apps/cloister/terminal/format.h"

namespace cloister::app {
namespace {

using nlohmann::json;

std::string table_sentence(const json& run) {
  const auto rows = number(run, {"rows_train"}), features = number(run, {"features"});
  if (!rows) return "The table was encrypted where it lives, on its owner's side. ";
  return fmt::format("{}{} encrypted where they live, on their owner's side. ", counted(*rows, "row", "rows"),
                     (features ? " of " + counted(*features, "feature", "features") : std::string()) +
                         (*rows == 1 ? " was" : " were"));
}

std::string server_sentence(const json& run) {
  std::string out = "A server that holds no secret key trained a model on the ciphertexts";
  if (const auto n = number(run, {"iterations"}); n && *n > 0)
    out += " in " + counted(*n, "iteration", "iterations");
  if (const auto n = number(run, {"rows_test"}))
    out += ", then predicted " + counted(*n, "further row", "further rows");
  const auto interactive = truth(run, {"interactive"});
  if (interactive)
    out += *interactive ? ", with the owner's help on the way" : ", without any help from the owner";
  return out + "; only the owner can read the model and its answers. ";
}

std::string quality_sentence(const json& run) {
  const auto metrics = metrics_of(run);
  if (metrics.empty()) return {};
  const Metric& m = metrics.front();
  return fmt::format(
      "Trained under encryption the model reaches {} {}; the same training in the clear reaches {}. ",
      m.key == "auc" ? "an AUC of" : "on " + m.name, m.text(m.encrypted), m.text(m.clear));
}

}  // namespace

std::string report_title(const json& run) {
  if (std::string title = text(run, {"title"}); !title.empty()) return title;
  const std::string task = text(run, {"task"});
  if (task == "chd") return "Heart disease risk, learned from encrypted records";
  if (task == "salary") return "Salaries, learned from encrypted records";
  return "Learned from encrypted records: " + task;
}

std::string report_summary(const json& run) {
  if (std::string summary = text(run, {"summary"}); !summary.empty()) return summary;
  const auto ways = objects(run, {"schemes"});
  if (ways.empty()) {
    std::string out = table_sentence(run) + server_sentence(run) + quality_sentence(run);
    if (const auto sum = total(run, "seconds"))
      out += "All steps together took " + format_seconds(*sum) + ".";
    return out;
  }
  std::string out =
      table_sentence(run) + fmt::format("The same rows went {}: ",
                                        ways.size() == 1 ? "one way" : fmt::format("{} ways", ways.size()));
  for (std::size_t i = 0; i < ways.size(); ++i) out += (i == 0 ? "" : "; ") + way_name(*ways[i], i);
  return out + ". In each, the server holds no secret key, and only the key's holder can read the answers.";
}

}  // namespace cloister::app
