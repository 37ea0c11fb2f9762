#include <memory>
#include <string>

#include "apps/cloister-server/commands.h"
#include "apps/common/common_options.h"
#include "apps/common/folders.h"
#include "apps/common/plan_view.h"
#include "apps/common/step_output.h"
#include "apps/common/workbench.h"
#include "cloister/pipeline/ckks_server.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::app {
namespace {

struct Options {
  CommonOptions common;
  std::string server = "server", map_keys = "auto";
};

void run(const Options& options) {
  StepOutput out("train", options.common.json);
  const ServerFolder folder{options.server};
  const ml::Plan plan = pipeline::load_plan(folder.plan());
  out.belongs_to(plan);
  Workbench bench(options.common);
  pipeline::train_ckks({folder.plan(), folder.evaluation_keys(), folder.training_rows(),
                        folder.encrypted_model(), folder.checkpoints()},
                       bench.machine(key_memory_of(options.map_keys)));
  bench.finish();
  out.wrote(folder.encrypted_model());
  out.details()["iterations"] = plan.request.iterations;
  out.details()["rows"] = plan.request.rows;
  out.details()["threads"] = bench.pool().threads();
  out.details()["interactive"] = false;
  out.say("Trained on " + std::to_string(plan.request.rows) + " encrypted rows, " +
          std::to_string(plan.request.iterations) +
          " iterations, without the owner's help. The model is encrypted: "
          "only the owner can read it.");
  out.next("`cloister predict` with encrypted rows, or the owner's `cloister decrypt`.");
  out.print();
}

}  // namespace

void add_train_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("train", "Server: train a model on encrypted rows");
  add_server_option(*verb, options->server);
  add_map_keys_option(*verb, options->map_keys);
  add_common_options(*verb, options->common);
  verb->footer(
      "Reads plan.json, evaluation.keys and train.enc of the folder, and writes model.enc there.\n"
      "A training with bootstraps keeps checkpoints in training.checkpoints of the folder until it is done:\n"
      "if it was stopped, the same command goes on from the last one, to the same model.\n"
      "Example:\n  cloister train --server ./server");
  verb->callback([options] { run(*options); });
}

}  // namespace cloister::app
