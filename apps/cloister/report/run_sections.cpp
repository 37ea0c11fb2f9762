#include <fmt/format.h>

#include "apps/cloister/report/html.h"
#include "apps/cloister/report/metrics.h"
#include "apps/cloister/report/numbers.h"
#include "apps/cloister/report/run_view.h"
#include "apps/cloister/report/sections.h"
#include "apps/cloister/report/steps.h"
#include "apps/cloister/terminal/format.h"

namespace cloister::app {
namespace {

using nlohmann::json;

std::string card(const std::string& name, const std::string& value, const std::string& note,
                 bool warns = false) {
  return fmt::format("<div{}><dt>{}</dt><dd>{}</dd><dd class=\"note\">{}</dd></div>\n",
                     warns ? " class=\"warns\"" : "", escape_html(name), escape_html(value),
                     escape_html(note));
}

std::string weight_card(const json& run) {
  const auto error = number(run, {"weights_max_abs_error"}), bound = number(run, {"error_bound"});
  if (!error) return {};
  if (!bound) return card("Largest weight error", format_value(*error, 2), "encrypted against clear");
  const bool over = *error > *bound;
  std::string note = "the plan's bound: " + format_value(*bound, 2);
  if (over)
    note = "above the plan's bound, " + format_value(*bound, 2);
  else if (*error > 0)
    note += ", " + format_times(*bound, *error) + " as large";
  return card("Largest weight error", format_value(*error, 2), note, over);
}

std::string time_card(const json& run) {
  const auto sum = total(run, "seconds");
  if (!sum) return {};
  const auto train = non_negative(run, {"seconds", "train"});
  return card("Time, all steps", format_seconds(*sum),
              train ? "of it " + format_seconds(*train) + " training" : "");
}

std::string upload_card(const json& run) {
  const auto upload = uploaded_bytes(run);
  if (!upload) return {};
  const auto keys = non_negative(run, {"bytes", "evaluation_keys"});
  const auto rows = non_negative(run, {"bytes", "dataset"});
  std::string note;
  if (keys && rows) note = fmt::format("keys {}, rows {}", bytes_text(*keys), bytes_text(*rows));
  return card("Uploaded by the owner", bytes_text(*upload), note);
}

}  // namespace

std::string key_figures(const json& run) {
  std::string cards;
  for (const Metric& m : metrics_of(run))
    if (m.key == "auc" || m.key == "r2" || m.key == "accuracy")
      cards += card(m.name + ", encrypted", m.text(m.encrypted), m.text(m.clear) + " in the clear");
  cards += weight_card(run) + time_card(run) + upload_card(run);
  if (const auto bits = number(run, {"security_bits"}))
    cards += card("Security", format_count(*bits) + " bits", text(run, {"scheme"}));
  if (const auto interactive = truth(run, {"interactive"}))
    cards += card("Interactive", *interactive ? "yes" : "no",
                  *interactive ? "the owner had to help on the way" : "no help from the owner on the way",
                  *interactive);
  return cards.empty() ? std::string() : "<dl class=\"cards\">\n" + cards + "</dl>\n";
}

std::string run_sections(const json& run, const Place& place) {
  return key_figures(run) + quality_section(run, place) + weights_section(run, place) +
         error_section(run, place) + cost_section(run, place) + plan_section(run, place) +
         parties_section(run, place) + commands_section(run, place);
}

}  // namespace cloister::app
