#include "apps/cloister/demo/narration.h"

#include <fmt/format.h>

#include "apps/cloister/terminal/format.h"
#include "apps/common/plan_view.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::app {
namespace {

using json = nlohmann::ordered_json;
using enum TextTable::Align;

std::string seconds_text(const json& run, const char* step) {
  const json& seconds = run.at("seconds");
  return seconds.contains(step) ? format_seconds(seconds[step].get<double>()) : "-";
}

std::uint64_t uploaded(const json& run) {
  const json& bytes = run.at("bytes");
  std::uint64_t sum = 0;
  for (const char* key : {"evaluation_keys", "dataset", "rows"}) sum += bytes.value(key, std::uint64_t{0});
  return sum;
}

double total_seconds(const json& run) {
  double sum = 0;
  for (const auto& [step, seconds] : run.at("seconds").items()) sum += seconds.get<double>();
  return sum;
}

std::string metric_text(const json& run, const char* side, const char* metric) {
  if (!run.contains(side) || !run[side].contains(metric)) return "-";
  return fmt::format("{:.4f}", run[side][metric].get<double>());
}

void tell_one(Play& play, const json& run) {
  TextTable table({{""},
                   {"encrypted", kRight},
                   {"in the clear", kRight},
                   {run.value("yardstick_name", "best fit"), kRight}});
  for (const auto& [name, metric] :
       {std::pair{"accuracy", "accuracy"}, std::pair{"area under the ROC curve", "auc"}})
    table.add_row({name, metric_text(run, "encrypted", metric), metric_text(run, "clear", metric),
                   metric_text(run, "yardstick", metric)});
  play.show(table);
  play.say("");
  play.say(fmt::format(
      "The server learned from {} rows of {} columns without reading one of them, and without asking the "
      "owner anything "
      "on the way. Its weights differ from those learned in the clear by at most {}; the plan had promised "
      "{}. The owner "
      "uploaded {}; encrypting took {}, training {}, and everything together {}.",
      run.at("rows_train").get<std::uint64_t>(), run.at("features").get<int>(),
      short_number(run.at("weights_max_abs_error").get<double>()),
      short_number(run.at("error_bound").get<double>()), format_bytes(uploaded(run)),
      seconds_text(run, "encrypt"), seconds_text(run, "train"), format_seconds(total_seconds(run))));
}

void tell_ways(Play& play, const json& run) {
  TextTable table({{"the same rows, each way"},
                   {"R2, encrypted", kRight},
                   {"in the clear", kRight},
                   {"uploaded", kRight},
                   {"time, all steps", kRight}});
  for (const json& way : run.at("schemes"))
    table.add_row({way.at("label").get<std::string>(),
                   fmt::format("{:.6f}", way.at("encrypted").at("r2").get<double>()),
                   fmt::format("{:.6f}", way.at("clear").at("r2").get<double>()), format_bytes(uploaded(way)),
                   format_seconds(total_seconds(way))});
  play.show(table);
  play.say("");
  play.say(
      "CKKS learned from rows that no one but their owner could read, and kept the model encrypted too; a "
      "small "
      "error with a stated bound stays. Paillier only adds, and so the three owners did the multiplying at "
      "home: "
      "what it gives is exact and small, but linear models alone, and predictions only with a model in the "
      "clear.");
}

}  // namespace

void announce(Play& play, const DemoTable& table) {
  play.say("Everybody plays in a folder of their own below " + play.folder().string() +
           "; every line that starts with $ is a command that runs there.");
  if (table.synthetic)
    play.say(
        "The table is synthetic: made by this program, with the columns of a public data set. It says "
        "nothing "
        "about real people. Give your own with --data FILE.");
  else
    play.say("The table is " + table.name + ", which stays where it is.");
}

void show_plan(Play& play, const std::filesystem::path& owner) {
  TextTable table({{"the plan"}, {""}});
  for (const PlanRow& row : plan_rows(pipeline::load_plan(owner / "plan.json")))
    table.add_row({row.name, row.value});
  play.show(table);
}

void tell_result(Play& play, const json& run, const std::filesystem::path& report) {
  play.heading("What happened");
  if (run.contains("schemes"))
    tell_ways(play, run);
  else
    tell_one(play, run);
  play.heading("The report");
  play.say(
      "It has the curves, the errors against their bounds, the costs, and what each party held. It is one "
      "file "
      "that needs no network: open it in a browser, for example with");
  play.say("xdg-open " + shell_line({report.string()}));
}

}  // namespace cloister::app
