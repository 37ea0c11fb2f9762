#include <fmt/format.h>

#include <algorithm>

#include "apps/cloister/report/chart.h"
#include "apps/cloister/report/numbers.h"
#include "apps/cloister/report/run_view.h"
#include "apps/cloister/report/sections.h"
#include "apps/cloister/report/steps.h"
#include "apps/cloister/terminal/format.h"

namespace cloister::app {
namespace {

using nlohmann::json;

/// Bars of amounts in up to three series, one for each role.
std::string amounts_figure(const std::string& id, const std::string& caption,
                           const std::vector<Amount>& amounts, BarChart::Unit unit, const char* what,
                           std::initializer_list<std::pair<const char*, const char*>> legend) {
  if (amounts.empty()) return {};
  const auto shown = [unit](double value) {
    return unit == BarChart::Unit::kSeconds ? format_seconds(value) : bytes_text(value);
  };
  BarChart chart;
  chart.unit = unit;
  chart.stacked = true;
  HtmlTable table{"", {{what}, {"By"}, {unit == BarChart::Unit::kSeconds ? "Time" : "Size", true}}, {}};
  for (const auto& [role, label] : legend) {
    BarChart::Series series{label, role, {}};
    for (const Amount& a : amounts)
      series.values.push_back(a.role == role ? std::optional(a.value) : std::nullopt);
    if (std::ranges::any_of(series.values, [](const auto& v) { return v.has_value(); }))
      chart.series.push_back(std::move(series));
  }
  for (const Amount& a : amounts) {
    chart.categories.push_back(a.name + ": " + shown(a.value));
    const auto* entry = std::ranges::find_if(legend, [&](const auto& l) { return a.role == l.first; });
    table.rows.push_back({a.name, entry == legend.end() ? "" : entry->second, shown(a.value)});
  }
  return render_figure({id, caption, chart.spec(), table, false, ""});
}

std::string sentence_list(const char* lead, const std::vector<std::string>& items) {
  if (items.empty()) return {};
  std::string out = fmt::format("<p class=\"list-lead\">{}</p><ul>", lead);
  for (const std::string& item : items) out += "<li>" + escape_html(item) + "</li>";
  return out + "</ul>";
}

/// One party: its items one a row, beside them what it could and could not see.
std::string party_rows(const json& party) {
  const auto holds = objects(party, {"holds"});
  const std::size_t rows = std::max<std::size_t>(1, holds.size());
  std::string out = "<tbody>\n";
  for (std::size_t i = 0; i < rows; ++i) {
    out += "<tr>";
    if (i == 0)
      out += fmt::format("<th scope=\"rowgroup\" rowspan=\"{}\">{}<span class=\"note\">{}</span></th>", rows,
                         escape_html(text(party, {"party"})), escape_html(text(party, {"role"})));
    if (i < holds.size()) {
      const auto bytes = non_negative(*holds[i], {"bytes"});
      const bool secret = truth(*holds[i], {"secret"}).value_or(false);
      out += fmt::format("<td>{}{}</td><td class=\"number\">{}</td>", escape_html(text(*holds[i], {"item"})),
                         secret ? " <span class=\"tag\">secret</span>" : "", bytes ? bytes_text(*bytes) : "");
    } else {
      out += "<td>nothing</td><td></td>";
    }
    if (i == 0)
      out += fmt::format("<td class=\"view\" rowspan=\"{}\">{}{}</td>", rows,
                         sentence_list("Could not see", texts(party, {"cannot_see"})),
                         sentence_list("Could see", texts(party, {"can_see"})));
    out += "</tr>\n";
  }
  return out + "</tbody>\n";
}

}  // namespace

std::string cost_section(const json& run, const Place& place) {
  const auto seconds = step_seconds(run), bytes = item_bytes(run);
  std::string time_caption = "Time by step";
  if (const auto sum = total(run, "seconds")) time_caption += ", " + format_seconds(*sum) + " in all";
  if (const auto threads = number(run, {"threads"}))
    time_caption += " with " + counted(*threads, "thread", "threads");
  std::string byte_caption = "Size of what travels and what is kept.";
  if (const auto upload = uploaded_bytes(run))
    byte_caption += " The owner uploads " + bytes_text(*upload) + ".";
  const std::string figures =
      amounts_figure(place.id + "seconds", time_caption + ".", seconds, BarChart::Unit::kSeconds, "Step",
                     {{"owner", "Owner"}, {"server", "Server"}, {"other", "Other"}}) +
      amounts_figure(
          place.id + "bytes", byte_caption, bytes, BarChart::Unit::kBytes, "Item",
          {{"owner", "Uploaded by the owner"}, {"server", "Made by the server"}, {"other", "Other"}});
  if (figures.empty()) return {};
  return "<section>\n" + heading(place.level, "What it cost") + "<div class=\"halves\">\n" + figures +
         "</div>\n</section>\n";
}

std::string plan_section(const json& run, const Place& place) {
  const auto rows = objects(run, {"plan_rows"});
  const json* parameters = member(run, {"parameters"});
  HtmlTable all{"", {{"Parameter"}, {"Value"}}, {}};
  if (parameters != nullptr && parameters->is_object())
    for (const auto& [key, value] : parameters->items()) all.rows.push_back({key, value_text(value)});
  if (rows.empty() && all.rows.empty()) return {};

  std::string out = "<section>\n" + heading(place.level, "The plan");
  if (!rows.empty()) {
    HtmlTable plan{"", {{"What"}, {"Value"}, {"Why"}}, {}};
    bool meanings = false;
    for (const json* row : rows) {
      const json* value = member(*row, {"value"});
      plan.rows.push_back(
          {text(*row, {"name"}), value == nullptr ? "" : value_text(*value), text(*row, {"meaning"})});
      meanings = meanings || !plan.rows.back().back().empty();
    }
    if (!meanings) plan.columns.pop_back();
    out += paragraph("Made before any key existed; keys, data and answers carry its hash.", "lead") +
           render_table(plan);
    if (!all.rows.empty())
      out += "<details><summary>Every parameter</summary>\n" + render_table(all) + "</details>\n";
  } else {
    out += render_table(all);
  }
  return out + "</section>\n";
}

std::string parties_section(const json& run, const Place& place) {
  const auto parties = objects(run, {"parties"});
  if (parties.empty()) return {};
  std::string out = "<section>\n" + heading(place.level, "What each party held") +
                    "<div class=\"scroll\"><table class=\"parties\">\n<thead><tr><th scope=\"col\">Party</th>"
                    "<th scope=\"col\">Held</th><th scope=\"col\" class=\"number\">Size</th>"
                    "<th scope=\"col\">Its view</th></tr></thead>\n";
  for (const json* party : parties) out += party_rows(*party);
  return out + "</table></div>\n</section>\n";
}

std::string commands_section(const json& run, const Place& place) {
  const auto commands = texts(run, {"commands"});
  if (commands.empty()) return {};
  std::string out =
      "<section>\n" + heading(place.level, "The commands that were run") + "<ol class=\"commands\">\n";
  for (const std::string& command : commands) out += "<li><code>" + escape_html(command) + "</code></li>\n";
  return out + "</ol>\n</section>\n";
}

}  // namespace cloister::app
