#include "apps/cloister/report/report.h"

#include <fmt/format.h>

#include "apps/cloister/report/assets.h"
#include "apps/cloister/report/html.h"
#include "apps/cloister/report/run_view.h"
#include "apps/cloister/report/sections.h"
#include "apps/cloister/report/way.h"
#include "cloister/base/error.h"

namespace cloister::app {
namespace {

using nlohmann::json;

std::string meta_line(const json& run) {
  std::string out;
  const auto add = [&out](const std::string& part) {
    if (!part.empty()) out += (out.empty() ? "" : " · ") + part;
  };
  add(text(run, {"dataset", "name"}));
  add(text(run, {"label"}).empty() ? text(run, {"scheme"}) : text(run, {"label"}));
  add(text(run, {"created"}));
  const std::string version = text(run, {"version"});
  add(version.empty() ? "" : "Cloister " + version);
  return paragraph(out, "meta");
}

std::string body(const json& run) {
  std::string out = "<header>\n" + paragraph("Cloister report", "brand") + heading(1, report_title(run)) +
                    paragraph(report_summary(run), "summary") + meta_line(run);
  if (truth(run, {"dataset", "synthetic"}).value_or(false))
    out += paragraph(
        "The rows are synthetic: made by this program with the columns of the real table. Nothing here "
        "says anything about real people.",
        "notice");
  out += "</header>\n<main>\n";

  const auto ways = objects(run, {"schemes"});
  if (ways.empty()) {
    out += run_sections(run, {"", 2});
  } else {
    out += comparison_section(run, {"", 2});
    for (std::size_t i = 0; i < ways.size(); ++i)
      out += fmt::format("<section class=\"way-section\" id=\"{}section\">\n", way_id(i)) +
             heading(2, way_name(*ways[i], i)) + paragraph(text(*ways[i], {"description"}), "lead") +
             run_sections(*ways[i], {way_id(i), 3}) + "</section>\n";
    out += plan_section(run, {"", 2}) + parties_section(run, {"", 2}) + commands_section(run, {"", 2});
  }
  return out + "</main>\n";
}

constexpr std::string_view kFooter =
    "<footer>\n"
    "<p><strong>For the owner's eyes.</strong> This page shows decrypted answers. To pass results on, use a "
    "published result, which is protected for that, and not this page.</p>\n"
    "<p>Encryption hides every value. It does not hide how many rows, columns and iterations there were, how "
    "long "
    "the work took, or how large the files are.</p>\n"
    "<p>The page is one file and loads nothing. Charts: Chart.js, MIT licence.</p>\n"
    "</footer>\n";

}  // namespace

std::string render_report(const json& run) {
  if (!run.is_object() || text(run, {"task"}).empty())
    throw ParametersError(
        "report: not a run; give the JSON object that a demo or `evaluate` printed, with its task");
  const std::string charts = script_content(chart_js()), script = script_content(report_js());
  const std::string css(report_css());
  std::string page = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; "
      "form-action 'none'; script-src {} {}; style-src {}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" "
      "content=\"no-referrer\">\n"
      "<title>{}</title>\n",
      policy_hash(charts), policy_hash(script), policy_hash(css), escape_html(report_title(run)));
  page += "<style>" + css + "</style>\n</head>\n<body>\n" + body(run) + std::string(kFooter);
  page +=
      "<noscript><p class=\"notice\">The charts need JavaScript. Every chart's figures are in the table "
      "under "
      "it.</p></noscript>\n";
  page += "<script>" + charts + "</script>\n<script>" + script + "</script>\n</body>\n</html>\n";
  return page;
}

}  // namespace cloister::app
