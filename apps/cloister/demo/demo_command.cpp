#include <iostream>
#include <memory>

#include "apps/cloister/demo/chd.h"
#include "apps/cloister/demo/demo.h"
#include "apps/cloister/demo/narration.h"
#include "apps/cloister/demo/play.h"
#include "apps/cloister/demo/record.h"
#include "apps/cloister/demo/salary.h"
#include "apps/cloister/demo/workplace.h"
#include "cloister/base/error.h"

namespace cloister::app {
namespace {

using json = nlohmann::ordered_json;
using Script = json (*)(Play&, const DemoOptions&);

void print(const json& run) {
  std::cout << run.dump(2, ' ', false, json::error_handler_t::replace) << std::endl;
  if (!std::cout)
    throw ResourceError("standard output cannot be written; the report and all files are there");
}

void play_demo(DemoOptions options, Script script) {
  options.out = std::filesystem::absolute(options.out).lexically_normal();
  const InterruptGuard interrupt;
  Play play(options.out, options.common.json, interrupt);
  json run = script(play, options);
  const auto report = write_report(play.folder(), run);
  tell_result(play, run, report);
  if (!options.common.json) return;
  run["folder"] = play.folder().string();
  run["report"] = report.string();
  print(printed_run(run));
}

std::shared_ptr<DemoOptions> add_demo(CLI::App& group, const std::string& task, const char* description,
                                      Script script) {
  auto options = std::make_shared<DemoOptions>();
  options->out = "cloister-demo-" + task;
  CLI::App* verb = group.add_subcommand(task, description);
  verb->add_option("--data", options->data,
                   "The table, a CSV file (default: a synthetic one of the same columns)");
  verb->add_option("--iterations", options->iterations, "Passes of training (default: the demo's)")
      ->check(CLI::Range(1, 100));
  verb->add_option("--seed", options->seed, "Of the split, and of a synthetic table")->capture_default_str();
  verb->add_option("--out", options->out, "Folder to play in; it must be new or empty")
      ->capture_default_str();
  verb->add_flag("--small-keys", options->small_keys, "The fewest bytes to upload instead of the least time");
  add_common_options(*verb, options->common);
  verb->footer("Example:\n  cloister demo " + task + " --out /tmp/" + task);
  verb->callback([options, script] { play_demo(*options, script); });
  return options;
}

}  // namespace

void add_demo_command(CLI::App& app) {
  CLI::App* group = app.add_subcommand("demo", "Play owner and server on a table, and show what happens");
  group->require_subcommand(1);
  const auto chd =
      add_demo(*group, "chd", "Heart disease: a logistic regression trained on encrypted rows", play_chd);
  group->get_subcommand("chd")
      ->add_option(
          "--preparation", chd->preparation,
          "reference (780 rows of 9 columns to learn from) or all (3,656 rows of 15) in the public table")
      ->check(CLI::IsMember({"reference", "all"}))
      ->capture_default_str();
  add_demo(*group, "salary", "Salaries: CKKS and Paillier side by side on the same rows", play_salary);
}

}  // namespace cloister::app
