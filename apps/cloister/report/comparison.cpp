#include <algorithm>
#include <functional>

#include "apps/cloister/report/html.h"
#include "apps/cloister/report/metrics.h"
#include "apps/cloister/report/numbers.h"
#include "apps/cloister/report/run_view.h"
#include "apps/cloister/report/sections.h"
#include "apps/cloister/report/steps.h"
#include "apps/cloister/report/way.h"
#include "apps/cloister/terminal/format.h"

namespace cloister::app {
namespace {

using nlohmann::json;

std::string ability_list(const json& way, const char* key, const char* css_class, const char* spoken) {
  const auto items = texts(way, {key});
  if (items.empty()) return {};
  std::string out = std::string("<ul class=\"") + css_class + "\" aria-label=\"" + spoken + "\">\n";
  for (const std::string& item : items) out += "<li>" + escape_html(item) + "</li>\n";
  return out + "</ul>\n";
}

/// One line of the table: a name, and each way's text for it ("" where it has none).
struct Line {
  std::string name;
  std::function<std::string(const json&)> cell;
};

Line amount_line(const char* name, std::function<std::optional<double>(const json&)> amount,
                 std::function<std::string(double)> shown) {
  return {name, [amount = std::move(amount), shown = std::move(shown)](const json& way) {
            const auto value = amount(way);
            return value ? shown(*value) : std::string();
          }};
}

std::vector<Line> lines() {
  const auto at = [](const char* key) { return [key](const json& way) { return non_negative(way, {key}); }; };
  const auto inside = [](const char* group, const char* key) {
    return [group, key](const json& way) { return non_negative(way, {group, key}); };
  };
  const auto small = [](double v) { return format_value(v, 2); };
  return {amount_line("Largest weight error", at("weights_max_abs_error"), small),
          amount_line("Its bound", at("error_bound"), small),
          amount_line(
              "Time, all steps", [](const json& w) { return total(w, "seconds"); }, format_seconds),
          amount_line("Time to encrypt", inside("seconds", "encrypt"), format_seconds),
          amount_line("Time to train", inside("seconds", "train"), format_seconds),
          amount_line("Time to predict", inside("seconds", "predict"), format_seconds),
          amount_line("Uploaded by the owner", uploaded_bytes, bytes_text),
          amount_line("Encrypted predictions", inside("bytes", "predictions"), bytes_text),
          amount_line("Security, bits", at("security_bits"), format_count),
          {"Interactive", [](const json& way) {
             const auto value = truth(way, {"interactive"});
             return value ? std::string(*value ? "yes" : "no") : std::string();
           }}};
}

std::vector<Line> metric_lines(const std::vector<const json*>& ways) {
  std::vector<Line> out;
  std::vector<std::string> seen;
  for (const json* way : ways)
    for (const Metric& metric : metrics_of(*way)) {
      if (std::ranges::find(seen, metric.key) != seen.end()) continue;
      seen.push_back(metric.key);
      out.push_back({metric.name + ", encrypted (in the clear)", [key = metric.key](const json& w) {
                       for (const Metric& m : metrics_of(w))
                         if (m.key == key) return m.text(m.encrypted) + " (" + m.text(m.clear) + ")";
                       return std::string();
                     }});
    }
  return out;
}

}  // namespace

std::string way_name(const json& way, std::size_t index) {
  std::string name = text(way, {"label"});
  if (name.empty()) name = text(way, {"scheme"});
  return name.empty() ? "Way " + std::to_string(index + 1) : name;
}

std::string way_id(std::size_t index) { return "way-" + std::to_string(index + 1) + "-"; }

std::string comparison_section(const json& run, const Place& place) {
  const auto ways = objects(run, {"schemes"});
  if (ways.empty()) return {};
  std::string out =
      "<section>\n" + heading(place.level, "What each can do, and what it costs") + "<div class=\"ways\">\n";
  HtmlTable table{"", {{"The same rows, each way"}}, {}};
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const std::string name = way_name(*ways[i], i);
    out += "<div class=\"way\"><h" + std::to_string(place.level + 1) + "><a href=\"#" + way_id(i) +
           "section\">" + escape_html(name) + "</a></h" + std::to_string(place.level + 1) + ">\n" +
           paragraph(text(*ways[i], {"description"})) + ability_list(*ways[i], "can", "can", "can") +
           ability_list(*ways[i], "cannot", "cannot", "cannot") + "</div>\n";
    table.columns.push_back({name, true});
  }
  out += "</div>\n";
  auto all = metric_lines(ways);
  for (Line& line : lines()) all.push_back(std::move(line));
  for (const Line& line : all) {
    std::vector<std::string> row{line.name};
    bool any = false;
    for (const json* way : ways) {
      row.push_back(line.cell(*way));
      any = any || !row.back().empty();
      if (row.back().empty()) row.back() = "–";
    }
    if (any) table.rows.push_back(std::move(row));
  }
  return out + (table.rows.empty() ? "" : render_table(table)) + "</section>\n";
}

}  // namespace cloister::app
