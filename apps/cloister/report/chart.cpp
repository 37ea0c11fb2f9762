#include "apps/cloister/report/chart.h"

#include <fmt/format.h>

#include "apps/cloister/terminal/text.h"

namespace cloister::app {
namespace {

nlohmann::json axis_spec(const XyChart::Axis& axis) {
  nlohmann::json out{{"title", sanitized(axis.title)}};
  if (axis.low) out["low"] = *axis.low;
  if (axis.high) out["high"] = *axis.high;
  return out;
}

}  // namespace

nlohmann::json XyChart::spec() const {
  nlohmann::json out{
      {"kind", "xy"}, {"x", axis_spec(x)}, {"y", axis_spec(y)}, {"series", nlohmann::json::array()}};
  for (const Series& s : series) {
    auto points = nlohmann::json::array();
    for (const auto& [px, py] : s.points) points.push_back({px, py});
    out["series"].push_back(
        {{"label", sanitized(s.label)}, {"role", s.role}, {"line", s.line}, {"points", std::move(points)}});
  }
  return out;
}

nlohmann::json BarChart::spec() const {
  static constexpr const char* kUnits[] = {"number", "seconds", "bytes"};
  nlohmann::json out{{"kind", "bars"}, {"unit", kUnits[static_cast<int>(unit)]}, {"stacked", stacked}};
  out["categories"] = nlohmann::json::array();
  for (const std::string& category : categories) out["categories"].push_back(sanitized(category));
  out["series"] = nlohmann::json::array();
  for (const Series& s : series) {
    auto values = nlohmann::json::array();
    for (const auto& value : s.values) values.push_back(value ? nlohmann::json(*value) : nlohmann::json());
    out["series"].push_back({{"label", sanitized(s.label)}, {"role", s.role}, {"values", std::move(values)}});
  }
  return out;
}

nlohmann::json ErrorChart::spec() const {
  nlohmann::json out{{"kind", "errors"},
                     {"x", sanitized(x_title)},
                     {"centers", log10_centers},
                     {"negative", negative},
                     {"positive", positive}};
  if (log10_bound) out["bound"] = *log10_bound;
  return out;
}

std::string render_figure(const Figure& figure) {
  const std::string table = render_table(figure.table);
  const std::string folded =
      figure.table_beside ? std::string()
                          : "<details><summary>The figures as a table</summary>\n" + table + "</details>\n";
  const std::string chart = fmt::format(
      "<figure class=\"{css}\">\n"
      "<div class=\"canvas\"><canvas id=\"{id}\" role=\"img\" "
      "aria-labelledby=\"{id}-caption\"></canvas></div>\n"
      "<script type=\"application/json\" data-chart=\"{id}\">{spec}</script>\n"
      "<figcaption id=\"{id}-caption\">{caption}</figcaption>\n{folded}</figure>\n",
      fmt::arg("css", figure.css_class), fmt::arg("id", figure.id),
      fmt::arg("spec", json_for_script(figure.spec)), fmt::arg("caption", escape_html(figure.caption)),
      fmt::arg("folded", folded));
  return figure.table_beside ? "<div class=\"beside\">\n" + chart + table + "</div>\n" : chart;
}

}  // namespace cloister::app
