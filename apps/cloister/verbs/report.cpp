#include <memory>
#include <string>

#include "apps/cloister/demo/holdings.h"
#include "apps/cloister/demo/record.h"
#include "apps/cloister/json_file.h"
#include "apps/cloister/owner_folder.h"
#include "apps/cloister/verbs/verbs.h"
#include "apps/common/common_options.h"
#include "apps/common/step_output.h"

namespace cloister::app {
namespace {

struct Options {
  CommonOptions common;
  std::string owner = "owner", server = "server";
};

void run(const Options& options) {
  StepOutput out("report", options.common.json);
  const OwnerFolder owner{options.owner};
  require_present(owner.metrics(), "make it with `cloister evaluate`");
  auto metrics = load_json(owner.metrics(), "evaluation");
  metrics["parties"] = nlohmann::ordered_json::array();
  metrics["parties"].push_back(holdings(
      {"Owner", "has the table", owner.root, {"everything: the table, the model, the answers"}, {}, {}}));
  if (std::filesystem::is_directory(options.server))
    metrics["parties"].push_back(holdings(server_party(options.server)));
  out.wrote(write_report(owner.root, metrics, Overwrite::kReplace));
  out.next("open it in a browser; it needs no network. It shows clear results: it is for the owner.");
  out.print();
}

}  // namespace

void add_report_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("report", "Owner: the evaluation as a page for the browser");
  add_owner_option(*verb, options->owner);
  add_server_option(*verb, options->server);
  add_common_options(*verb, options->common);
  verb->footer(
      "Reads metrics.json and writes report.html in the owner's folder.\nExample:\n  cloister report");
  verb->callback([options] { run(*options); });
}

}  // namespace cloister::app
