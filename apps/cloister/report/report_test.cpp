#include "apps/cloister/report/report.h"

#include <gtest/gtest.h>

#include <limits>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "apps/cloister/report/assets.h"
#include "apps/cloister/report/histogram.h"
#include "apps/cloister/report/html.h"
#include "apps/cloister/report/numbers.h"
#include "apps/cloister/report/report_test_tools.h"
#include "cloister/base/error.h"

namespace cloister::app {
namespace {

using nlohmann::json;

bool has(const std::string& page, const std::string& part) { return page.find(part) != std::string::npos; }

std::size_t count(const std::string& page, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = page.find(part, at)) != std::string::npos; at += part.size()) ++n;
  return n;
}

/// The page without the library, whose text is not ours to judge.
std::string own_part(std::string page) {
  const std::string charts = script_content(chart_js());
  const std::size_t at = page.find(charts);
  EXPECT_NE(at, std::string::npos) << "Chart.js is not in the page";
  return at == std::string::npos ? page : page.erase(at, charts.size());
}

/// What a browser finds in the chart data of an id.
json chart_data(const std::string& page, const std::string& id) {
  const std::string open = "data-chart=\"" + id + "\">";
  const std::size_t start = page.find(open);
  if (start == std::string::npos) return {};
  const std::size_t begin = start + open.size();
  return json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}

TEST(Assets, AreTheFilesWhole) {
  EXPECT_TRUE(chart_js().starts_with("/*!\n * Chart.js v3."));
  EXPECT_GT(chart_js().size(), 100'000u);
  EXPECT_TRUE(report_js().ends_with("})();\n"));
  EXPECT_TRUE(report_css().ends_with("}\n"));
  EXPECT_EQ(report_css().find('\0'), std::string_view::npos);
}

TEST(Html, EscapesAndKeepsDataInsideItsElement) {
  EXPECT_EQ(escape_html("a<b> & \"c\" 'd'\x1b"), "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;\xEF\xBF\xBD");
  const json hostile{{"k", "</script><!--<script>\xE2\x80\xA8&"}};
  const std::string text = json_for_script(hostile);
  EXPECT_EQ(text.find('<'), std::string::npos);
  EXPECT_EQ(json::parse(text), hostile);
  EXPECT_NO_THROW(json_for_script(json("\xFF")));
}

TEST(Html, ScriptContentCannotEndItsElement) {
  EXPECT_EQ(script_content("a='</script>';b='</SCRIPT';c='<!--';d=1</e/;"),
            "a='<\\/script>';b='<\\/SCRIPT';c='<\\!--';d=1</e/;");
}

TEST(Html, PolicyHashKnownAnswer) {  // of the empty text: FIPS 180-4's digest in RFC 4648's base64
  EXPECT_EQ(policy_hash(""), "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
}

TEST(Numbers, ReadWell) {
  EXPECT_EQ(format_value(0), "0");
  EXPECT_EQ(format_value(3.21e-5), "3.2×10⁻⁵");
  EXPECT_EQ(format_value(-0.04213), "−0.04213");
  EXPECT_EQ(format_value(0.5), "0.5");
  EXPECT_EQ(format_value(1e-3, 2), "0.001");
  EXPECT_EQ(format_fixed(-1234.5, 2), "−1234.50");
  EXPECT_EQ(decimals_for(std::vector<double>{0, 48213.4, -0.0731}), 5);
  EXPECT_EQ(format_value(48213.4, 6), "48\u202F213.4");
  EXPECT_EQ(format_value(16384), "16\u202F384");
  EXPECT_EQ(format_count(780), "780");
  EXPECT_EQ(format_percent(0.66766), "66.77%");
  EXPECT_EQ(format_times(1e-3, 3.2e-5), "31 times");
  EXPECT_EQ(format_times(1, 0), "any number of times");
  EXPECT_EQ(counted(1, "row", "rows"), "1 row");
}

TEST(ErrorHistogram, CountsEveryErrorOnceInTheRightBin) {
  const std::vector<double> errors{0, 1e-3, -1.1e-3, 1.2e-3, -1e-6, 1e-20, -0.0};
  const ErrorHistogram h = bin_errors(errors);
  EXPECT_EQ(h.total, 7u);
  EXPECT_EQ(h.zeros, 2u);
  EXPECT_EQ(h.smaller, 1u);
  EXPECT_DOUBLE_EQ(h.largest, 1.2e-3);
  ASSERT_EQ(h.bins.size(), 32u);
  std::size_t binned = 0;
  for (std::size_t i = 0; i < h.bins.size(); ++i) {
    binned += h.bins[i].negative + h.bins[i].positive;
    if (i > 0) {
      EXPECT_DOUBLE_EQ(h.bins[i].log10_low, h.bins[i - 1].log10_high);
    }
  }
  EXPECT_EQ(binned, 5u);
  EXPECT_EQ(h.bins.front().positive, 1u);
  EXPECT_EQ(h.bins.back().negative, 1u);
  EXPECT_GE(h.bins.back().positive, 1u);
  EXPECT_TRUE(bin_errors(std::vector<double>{0, 0}).bins.empty());
  EXPECT_TRUE(bin_errors({}).bins.empty());
}

TEST(Report, HoldsWhatTheRunHolds) {
  const std::string page = render_report(sample_chd_run());
  for (const char* part : {"<!DOCTYPE html>",
                           "Heart disease risk",
                           "780 rows of 9 features",
                           "334 further rows",
                           "5 iterations",
                           "without any help from the owner",
                           "AUC, encrypted",
                           "0.7313",
                           "0.7312 in the clear",
                           "66.77%",
                           "3.2×10⁻⁵",
                           "31 times as large",
                           "21.6 s",
                           "78.9 MB",
                           "128 bits",
                           "cigsPerDay",
                           "18.2 s",
                           "57.6 MB",
                           "Ring degree",
                           "32\u202F768",
                           "Secret key",
                           "any value of the table",
                           "cloister keygen plan.clp",
                           "synthetic",
                           "For the owner's eyes"})
    EXPECT_TRUE(has(page, part)) << part;
  EXPECT_EQ(chart_data(page, "roc")["series"][0]["points"].size(), 335u);
  EXPECT_EQ(chart_data(page, "weights")["series"][1]["values"][3], 0.24068);
  EXPECT_DOUBLE_EQ(chart_data(page, "errors")["bound"], std::log10(4e-3));
  EXPECT_EQ(chart_data(page, "bytes")["unit"], "bytes");
}

TEST(Report, EachChartHasItsCaptionAndItsTable) {
  for (const json& run : {sample_chd_run(), sample_salary_run()}) {
    const std::string page = own_part(render_report(run));
    const std::regex canvas("<canvas id=\"([a-z0-9-]+)\" role=\"img\" aria-labelledby=\"([a-z0-9-]+)\">");
    std::set<std::string> ids;
    for (std::sregex_iterator it(page.begin(), page.end(), canvas), end; it != end; ++it) {
      EXPECT_TRUE(ids.insert((*it)[1]).second) << "id twice: " << (*it)[1];
      EXPECT_TRUE(has(page, "<figcaption id=\"" + (*it)[2].str() + "\">"));
      EXPECT_TRUE(chart_data(page, (*it)[1]).contains("kind")) << (*it)[1];
    }
    EXPECT_EQ(ids.size(), count(page, "<canvas"));
    EXPECT_EQ(ids.size(), count(page, "<figure"));
    EXPECT_EQ(count(page, "The figures as a table") + count(page, "<th scope=\"col\">Feature</th>"),
              ids.size())
        << "folded under the chart, or, for weights, beside it";
    EXPECT_GE(ids.size(), 5u);
  }
}

TEST(Report, SalaryHasASectionForEachWayAndATableOfAll) {
  const std::string page = render_report(sample_salary_run());
  EXPECT_TRUE(has(page, "What each can do, and what it costs"));
  EXPECT_TRUE(has(page, "R², encrypted (in the clear)"));
  for (const char* id : {"way-1-", "way-2-", "way-3-"}) {
    EXPECT_TRUE(has(page, "id=\"" + std::string(id) + "section\""));
    EXPECT_EQ(chart_data(page, std::string(id) + "scatter")["series"][0]["points"].size(), 300u);
  }
  EXPECT_TRUE(has(page, "join several owners&#39; tables"));
  const json weights = chart_data(page, "way-1-weights");
  EXPECT_EQ(weights["categories"].size(), 4u)
      << "the constant term dwarfs the others and is in the table alone";
  EXPECT_TRUE(has(page, "48\u202F213.40"));
}

TEST(Report, LoadsNothing) {
  for (const json& run : {sample_chd_run(), sample_salary_run()}) {
    const std::string page = own_part(render_report(run));
    EXPECT_FALSE(has(page, "http:"));
    EXPECT_FALSE(has(page, "https:"));
    EXPECT_FALSE(has(page, " src="));
    EXPECT_FALSE(has(page, "<link"));
    EXPECT_FALSE(has(page, "url("));
    EXPECT_FALSE(has(page, "@import"));
    const std::regex href("href=\"([^\"]*)\"");
    for (std::sregex_iterator it(page.begin(), page.end(), href), end; it != end; ++it)
      EXPECT_EQ((*it)[1].str().front(), '#');
    EXPECT_TRUE(has(page, "default-src 'none'"));
    EXPECT_FALSE(has(page, "unsafe-inline"));
    EXPECT_FALSE(has(page, " style=")) << "the policy forbids it";
  }
}

TEST(Report, ThePolicyAllowsExactlyTheInlinedScriptsAndStyle) {
  const std::string page = render_report(sample_chd_run());
  std::set<std::string> hashes;
  const std::regex policy("content=\"default-src 'none';[^\"]*\"");
  std::smatch match;
  const std::string head = page.substr(0, page.find("</title>"));
  ASSERT_TRUE(std::regex_search(head, match, policy));
  const std::string text = match[0];
  const auto expect_hash_of = [&](const std::string& open, const std::string& close, std::size_t from) {
    const std::size_t begin = page.find(open, from) + open.size();
    const std::size_t end = page.find(close, begin);
    EXPECT_TRUE(has(text, policy_hash(page.substr(begin, end - begin)))) << open;
    return end;
  };
  expect_hash_of("<style>", "</style>", 0);
  const std::size_t after = expect_hash_of("<script>", "</script>", 0);
  expect_hash_of("<script>", "</script>", after);
  EXPECT_EQ(count(page, "<script>"), 2u);
}

/// Puts `text` in place of every string and beside every key of a run, except its `task`.
json poisoned(const json& value, const std::string& text) {
  if (value.is_string()) return text;
  if (value.is_array()) {
    json out = json::array();
    for (const json& element : value) out.push_back(poisoned(element, text));
    return out;
  }
  if (!value.is_object()) return value;
  json out = json::object();
  for (const auto& [key, element] : value.items()) out[key] = poisoned(element, text);
  for (const char* open : {"seconds", "bytes", "parameters", "clear", "encrypted"})
    if (out.contains(open) && out[open].is_object()) out[open][text] = 0.5;
  return out;
}

TEST(Report, HostileTextStaysText) {
  for (const char* text :
       {"<script>alert(1)</script>", "</script><script>alert(1)</script>", "\"><img onerror=alert(1) x='",
        "<!--", "</title></style><svg/onload=alert(1)>", "\xFF\xC0<b>", "a\x1b[2J\nb\xE2\x80\xAE"}) {
    for (const json& run : {sample_chd_run(), sample_salary_run()}) {
      const std::string page = own_part(render_report(poisoned(run, text)));
      const std::string clean = own_part(render_report(run));
      EXPECT_FALSE(has(page, "alert(1)</script>")) << text;
      EXPECT_FALSE(has(page, "<img")) << text;
      EXPECT_FALSE(has(page, "<svg")) << text;
      EXPECT_FALSE(has(page, "<b>")) << text;
      EXPECT_FALSE(has(page, "<!--")) << text;
      EXPECT_FALSE(has(page, "\x1b")) << text;
      EXPECT_EQ(count(page, "</script"), count(page, "<script")) << text;
      EXPECT_EQ(count(page, "<script>"), count(clean, "<script>")) << text;
      EXPECT_EQ(count(page, "<figure"), count(clean, "<figure")) << text;
    }
  }
}

TEST(Report, SectionsWithoutTheirKeysAreLeftOut) {
  const std::string bare = render_report({{"task", "chd"}});
  EXPECT_EQ(count(bare, "<section"), 0u);
  EXPECT_EQ(count(bare, "<figure"), 0u);
  EXPECT_FALSE(has(bare, "class=\"cards\""));
  const std::vector<std::pair<const char*, const char*>> sections{
      {"parties", "What each party held"}, {"commands", "The commands that were run"},
      {"seconds", "id=\"seconds\""},       {"bytes", "id=\"bytes\""},
      {"interactive", "Interactive"},      {"security_bits", "<dt>Security</dt>"}};
  for (const auto& [key, sign] : sections) {
    json run = sample_chd_run();
    EXPECT_TRUE(has(own_part(render_report(run)), sign)) << key;
    run.erase(key);
    EXPECT_FALSE(has(own_part(render_report(run)), sign)) << key;
  }
  json run = sample_chd_run();
  run["plots"].clear();
  const std::string page = own_part(render_report(run));
  EXPECT_FALSE(has(page, "id=\"roc\""));
  EXPECT_FALSE(has(page, "What was learned"));
  EXPECT_FALSE(has(page, "How exact"));
  EXPECT_TRUE(has(page, "How well it predicts")) << "the measures are still there";
}

TEST(Report, ValuesOfAnotherKindAreNoValues) {
  json run = sample_chd_run();
  for (auto& [key, value] : run.items())
    if (key != "task") value = json::array({nullptr, true, "x", json::object()});
  EXPECT_NO_THROW(render_report(run));
  run = sample_chd_run();
  run["clear"]["auc"] = std::numeric_limits<double>::quiet_NaN();
  run["seconds"]["train"] = -3;
  run["bytes"] = {{"dataset", 1e300}, {"model", -1}};
  const std::string page = own_part(render_report(run));
  EXPECT_FALSE(has(page, "AUC, encrypted"));
  EXPECT_FALSE(has(page, "nan"));
  EXPECT_FALSE(has(page, "Encrypted model:"));
  EXPECT_TRUE(has(page, "18.4 EB"));
}

TEST(Report, ContradictionsAreRefused) {
  EXPECT_THROW(render_report(json::array()), ParametersError);
  EXPECT_THROW(render_report(json::object()), ParametersError);
  json run = sample_chd_run();
  run["plots"]["weights"]["clear"].erase(0);
  EXPECT_THROW(render_report(run), ParametersError);
  run = sample_chd_run();
  run["plots"]["roc_clear"][5] = {0.5};
  EXPECT_THROW(render_report(run), ParametersError);
  run = sample_salary_run();
  run["schemes"][1]["plots"]["actual"].push_back(1);
  EXPECT_THROW(render_report(run), ParametersError);
  run["schemes"][1]["plots"]["actual"].back() = nullptr;
  try {
    render_report(run);
    FAIL();
  } catch (const ParametersError& error) {
    EXPECT_NE(std::string(error.what()).find("plots.actual[300]"), std::string::npos) << error.what();
  }
}

TEST(Report, SaysSoWhenABoundIsExceeded) {
  json run = sample_chd_run();
  run["weights_max_abs_error"] = 0.02;
  run["plots"]["prediction_errors"][7] = -0.5;
  run["interactive"] = true;
  const std::string page = render_report(run);
  EXPECT_TRUE(has(page, "above the plan&#39;s bound"));
  EXPECT_TRUE(has(page, "1 is beyond the bound"));
  EXPECT_TRUE(has(page, "class=\"warns\""));
  EXPECT_FALSE(has(page, "without any help"));
  EXPECT_FALSE(has(render_report(sample_chd_run()), "class=\"warns\""));
}

TEST(Report, ExactAnswersNeedNoHistogram) {
  json run = sample_chd_run();
  run["plots"]["prediction_errors"] = json::array({0.0, 0.0, 0.0});
  const std::string page = render_report(run);
  EXPECT_TRUE(has(page, "All 3 predictions are exactly those of the clear model."));
  EXPECT_FALSE(has(page, "id=\"errors\""));
}

TEST(Report, ManyRowsAreThinnedAndThePageSaysSo) {
  json run = sample_salary_run();
  auto& plots = run["schemes"][0]["plots"];
  for (const char* key : {"actual", "predicted_clear", "predicted_encrypted"}) {
    plots[key] = json::array();
    for (int i = 0; i < 10000; ++i) plots[key].push_back(i);
  }
  const std::string page = render_report(run);
  EXPECT_EQ(chart_data(page, "way-1-scatter")["series"][0]["points"].size(), 2000u);
  EXPECT_TRUE(has(page, "Shown are 2000 of 10\u202F000 rows."));
}

}  // namespace
}  // namespace cloister::app
