#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/cloister/report/chart.h"
#include "apps/cloister/report/histogram.h"
#include "apps/cloister/report/metrics.h"
#include "apps/cloister/report/numbers.h"
#include "apps/cloister/report/run_view.h"
#include "apps/cloister/report/sections.h"
#include "cloister/base/error.h"

namespace cloister::app {
namespace {

using nlohmann::json;

constexpr std::size_t kMostPoints = 2000, kMostTableRows = 400;

void require_same_length(const char* what, std::size_t a, std::size_t b) {
  if (a != b)
    throw ParametersError(
        fmt::format("report: {} differ in length ({} against {}); give one value a row in each", what, a, b));
}

/// Every n-th index, so that at most `most` are left.
std::vector<std::size_t> spread(std::size_t count, std::size_t most) {
  std::vector<std::size_t> out;
  const std::size_t step = std::max<std::size_t>(1, (count + most - 1) / most);
  for (std::size_t i = 0; i < count; i += step) out.push_back(i);
  return out;
}

std::string metrics_table(const std::vector<Metric>& metrics) {
  if (metrics.empty()) return {};
  HtmlTable table{"On the test rows",
                  {{"Measure"}, {"In the clear", true}, {"Encrypted", true}, {"Difference", true}},
                  {}};
  for (const Metric& m : metrics)
    table.rows.push_back({m.name, m.text(m.clear), m.text(m.encrypted), m.difference()});
  return render_table(table);
}

std::string roc_figure(const json& run, const Place& place) {
  const Points clear = points(run, {"plots", "roc_clear"}),
               encrypted = points(run, {"plots", "roc_encrypted"});
  if (clear.empty() && encrypted.empty()) return {};
  XyChart chart{{"False positive rate", 0, 1}, {"True positive rate", 0, 1}, {}};
  HtmlTable table{"", {{"Model"}, {"False positive rate", true}, {"True positive rate", true}}, {}};
  const auto add = [&](const char* label, const char* role, const Points& curve) {
    if (curve.empty()) return;
    chart.series.push_back({label, role, true, curve});
    for (const std::size_t i : spread(curve.size(), kMostTableRows / 2))
      table.rows.push_back(
          {label, fmt::format("{:.4f}", curve[i].first), fmt::format("{:.4f}", curve[i].second)});
  };
  add("In the clear", "clear", clear);
  add("Encrypted", "encrypted", encrypted);
  chart.series.push_back({"Guessing", "reference", true, {{0, 0}, {1, 1}}});
  return render_figure(
      {place.id + "roc",
       "ROC curve: of the rows that do have the condition, how many are found (up), against how many of "
       "the others are flagged by mistake (right), for every threshold.",
       chart.spec(), table, false, "square"});
}

std::string scatter_figure(const json& run, const Place& place) {
  const auto actual = numbers(run, {"plots", "actual"});
  const auto clear = numbers(run, {"plots", "predicted_clear"});
  const auto encrypted = numbers(run, {"plots", "predicted_encrypted"});
  if (actual.empty() || (clear.empty() && encrypted.empty())) return {};
  if (!clear.empty())
    require_same_length("plots.actual and plots.predicted_clear", actual.size(), clear.size());
  if (!encrypted.empty())
    require_same_length("plots.actual and plots.predicted_encrypted", actual.size(), encrypted.size());

  std::string target = text(run, {"plots", "target"});
  if (target.empty()) target = "value";
  XyChart chart{{"Actual " + target, {}, {}}, {"Predicted " + target, {}, {}}, {}};
  double low = actual[0], high = actual[0];
  for (const auto* values : {&actual, &clear, &encrypted})
    for (const double v : *values) low = std::min(low, v), high = std::max(high, v);
  const auto shown = spread(actual.size(), kMostPoints);
  const auto add = [&](const char* label, const char* role, const std::vector<double>& predicted) {
    if (predicted.empty()) return;
    Points series;
    for (const std::size_t i : shown) series.emplace_back(actual[i], predicted[i]);
    chart.series.push_back({label, role, false, std::move(series)});
  };
  add("Encrypted", "encrypted", encrypted);
  add("In the clear", "clear", clear);
  chart.series.push_back({"Exactly right", "reference", true, {{low, low}, {high, high}}});

  HtmlTable table{
      "",
      {{"Row", true}, {"Actual", true}, {"Predicted in the clear", true}, {"Predicted encrypted", true}},
      {}};
  for (const std::size_t i : spread(actual.size(), kMostTableRows))
    table.rows.push_back({format_count(static_cast<double>(i + 1)), format_value(actual[i], 7),
                          clear.empty() ? "" : format_value(clear[i], 7),
                          encrypted.empty() ? "" : format_value(encrypted[i], 7)});
  std::string caption =
      "Predicted against actual " + target + ": each test row once per model, best on the line.";
  if (shown.size() < actual.size())
    caption += fmt::format(" Shown are {} of {} rows.", format_count(static_cast<double>(shown.size())),
                           format_count(static_cast<double>(actual.size())));
  return render_figure({place.id + "scatter", caption, chart.spec(), table, false, "square"});
}

/// The constant term, whatever it is called: on unscaled data it dwarfs the others.
bool is_intercept(const std::string& name) {
  return name == "intercept" || name == "(intercept)" || name == "bias" || name == "constant";
}

std::vector<double> prediction_errors(const json& run) {
  auto errors = numbers(run, {"plots", "prediction_errors"});
  if (!errors.empty()) return errors;
  const auto clear = numbers(run, {"plots", "predicted_clear"});
  const auto encrypted = numbers(run, {"plots", "predicted_encrypted"});
  if (clear.empty() || encrypted.empty()) return {};
  require_same_length("plots.predicted_clear and plots.predicted_encrypted", clear.size(), encrypted.size());
  for (std::size_t i = 0; i < clear.size(); ++i) errors.push_back(encrypted[i] - clear[i]);
  return errors;
}

/// What the errors say against their bound, if there is one.
std::string error_verdict(const ErrorHistogram& histogram, std::span<const double> errors,
                          std::optional<double> bound, const std::string& unit) {
  const std::string count = counted(static_cast<double>(histogram.total), "prediction", "predictions");
  std::string out;
  if (histogram.largest == 0)
    out = fmt::format("All {} are exactly those of the clear model.", count);
  else
    out = fmt::format("Of {}, the farthest from the clear model's is off by {}{}.", count,
                      format_value(histogram.largest, 2), unit);
  if (!bound || *bound <= 0) return out;
  const auto over = std::ranges::count_if(errors, [&](double e) { return std::abs(e) > *bound; });
  if (over > 0)
    return out + fmt::format(" {} beyond the bound of {}{} that the plan stated.",
                             over == 1 ? "1 is" : format_count(static_cast<double>(over)) + " are",
                             format_value(*bound, 2), unit);
  if (histogram.largest > 0)
    return out + fmt::format(" The plan's bound, {}{}, is {} as large.", format_value(*bound, 2), unit,
                             format_times(*bound, histogram.largest));
  return out + fmt::format(" The plan's bound is {}{}.", format_value(*bound, 2), unit);
}

}  // namespace

std::string quality_section(const json& run, const Place& place) {
  const std::string figures = roc_figure(run, place) + scatter_figure(run, place);
  const std::string table = metrics_table(metrics_of(run));
  if (figures.empty() && table.empty()) return {};
  return "<section>\n" + heading(place.level, "How well it predicts") + "<div class=\"beside\">\n" + figures +
         (table.empty() ? "" : "<div>" + table + "</div>") + "</div>\n</section>\n";
}

std::string weights_section(const json& run, const Place& place) {
  const auto clear = numbers(run, {"plots", "weights", "clear"});
  const auto encrypted = numbers(run, {"plots", "weights", "encrypted"});
  const auto names = texts(run, {"plots", "weights", "names"});
  if (clear.empty() && encrypted.empty()) return {};
  require_same_length("plots.weights.clear and plots.weights.encrypted", clear.size(), encrypted.size());
  require_same_length("plots.weights.names and plots.weights.clear", names.size(), clear.size());

  BarChart chart;
  chart.series = {{"In the clear", "clear", {}}, {"Encrypted", "encrypted", {}}};
  HtmlTable table{"", {{"Feature"}, {"In the clear", true}, {"Encrypted", true}, {"Difference", true}}, {}};
  double largest = 0, largest_difference = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!is_intercept(names[i])) largest = std::max(largest, std::abs(clear[i]));
    largest_difference = std::max(largest_difference, std::abs(encrypted[i] - clear[i]));
  }
  const int decimals = decimals_for(clear);
  std::string left_out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    table.rows.push_back({names[i], format_fixed(clear[i], decimals), format_fixed(encrypted[i], decimals),
                          format_value(encrypted[i] - clear[i], 2)});
    if (is_intercept(names[i]) && names.size() > 1 && std::abs(clear[i]) > 5 * largest) {
      left_out = " The constant term would dwarf the others: it is in the table alone.";
      continue;
    }
    chart.categories.push_back(names[i]);
    chart.series[0].values.push_back(clear[i]);
    chart.series[1].values.push_back(encrypted[i]);
  }
  const std::string caption =
      "The model's weights, learned in the clear and under encryption. They differ by at most " +
      format_value(largest_difference, 2) + "." + left_out;
  return "<section>\n" + heading(place.level, "What was learned") +
         render_figure({place.id + "weights", caption, chart.spec(), table, true, ""}) + "</section>\n";
}

std::string error_section(const json& run, const Place& place) {
  const auto errors = prediction_errors(run);
  if (errors.empty()) return {};
  const auto bound = number(run, {"plots", "prediction_error_bound"});
  std::string unit = text(run, {"plots", "prediction_unit"});
  if (!unit.empty()) unit = " " + unit;
  const ErrorHistogram histogram = bin_errors(errors);
  const std::string verdict = error_verdict(histogram, errors, bound, unit);
  std::string out = "<section>\n" + heading(place.level, "How exact the encrypted predictions are");
  if (histogram.bins.empty()) return out + paragraph(verdict) + "</section>\n";

  ErrorChart chart;
  chart.x_title =
      "Size of the difference, encrypted against clear (logarithmic" + (unit.empty() ? "" : "," + unit) + ")";
  HtmlTable table{
      "", {{"Size from"}, {"to", true}, {"Below the clear prediction", true}, {"Above it", true}}, {}};
  if (histogram.zeros > 0)
    table.rows.push_back({"exactly equal", "", format_count(static_cast<double>(histogram.zeros)), ""});
  for (const ErrorHistogram::Bin& bin : histogram.bins) {
    chart.log10_centers.push_back((bin.log10_low + bin.log10_high) / 2);
    chart.negative.push_back(bin.negative);
    chart.positive.push_back(bin.positive);
    const bool open = &bin == &histogram.bins.front() && histogram.smaller > 0;
    table.rows.push_back({open ? "0" : format_value(std::pow(10, bin.log10_low), 2),
                          format_value(std::pow(10, bin.log10_high), 2), std::to_string(bin.negative),
                          std::to_string(bin.positive)});
  }
  if (bound && *bound > 0) chart.log10_bound = std::log10(*bound);
  std::string caption = verdict;
  if (histogram.zeros > 0)
    caption += fmt::format(
        " {} exactly equal, and not drawn.",
        histogram.zeros == 1 ? "1 is" : format_count(static_cast<double>(histogram.zeros)) + " are");
  if (histogram.smaller > 0) caption += " The first bar has all that are smaller still.";
  return out + render_figure({place.id + "errors", caption, chart.spec(), table, false, ""}) + "</section>\n";
}

}  // namespace cloister::app
