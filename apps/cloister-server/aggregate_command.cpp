#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apps/cloister-server/commands.h"
#include "apps/common/common_options.h"
#include "apps/common/folders.h"
#include "apps/common/step_output.h"
#include "apps/common/workbench.h"
#include "cloister/base/error.h"
#include "cloister/pipeline/paillier_server.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::app {
namespace {

// With two, the total less one's own is the other's.
constexpr std::size_t kFewestThatHide = 3;

struct Options {
  CommonOptions common;
  std::string server = "server";
  std::vector<std::string> files;
};

void run(const Options& options) {
  StepOutput out("aggregate", options.common.json);
  const ServerFolder folder{options.server};
  const ml::Plan plan = pipeline::load_plan(folder.plan());
  out.belongs_to(plan);
  if (!ml::adds_sums(plan.request.job))
    throw Error(ErrorCode::kFailedPrecondition,
                "the plan is not for adding sums; make one with `cloister plan --scheme paillier --job "
                "aggregate` (or `--job statistics`)");
  Workbench bench(options.common);
  pipeline::aggregate_paillier(
      {folder.plan(), folder.public_key(), {options.files.begin(), options.files.end()}, folder.sums()},
      bench.machine());
  bench.finish();
  out.wrote(folder.sums());
  out.details()["parts"] = options.files.size();
  out.details()["threads"] = bench.pool().threads();
  out.say("Added the encrypted sums, unread. Parts: " + std::to_string(options.files.size()) + ".");
  if (options.files.size() < kFewestThatHide)
    out.say("Of fewer than three owners the one who decrypts can tell what the other's sums are.");
  out.next("`cloister decrypt` by the owner of the key.");
  out.print();
}

}  // namespace

void add_aggregate_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("aggregate", "Server: add several owners' encrypted sums");
  verb->add_option("FILE", options->files, "The owners' encrypted sums")->required();
  add_server_option(*verb, options->server);
  add_common_options(*verb, options->common);
  verb->footer(
      "Reads plan.json and public.key of the folder, and writes sums.enc there: the sums of all owners' "
      "rows, in\n"
      "fresh ciphertexts, of which only the owner of the key reads the total. docs/several-owners.md says "
      "who\n"
      "learns what.\n"
      "Example:\n  cloister aggregate server/sums-north.enc server/sums-south.enc");
  verb->callback([options] { run(*options); });
}

}  // namespace cloister::app
