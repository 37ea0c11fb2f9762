#include <memory>
#include <string>

#include "apps/cloister-server/commands.h"
#include "apps/common/common_options.h"
#include "apps/common/folders.h"
#include "apps/common/step_output.h"
#include "apps/common/workbench.h"
#include "cloister/pipeline/ckks_server.h"
#include "cloister/pipeline/paillier_server.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::app {
namespace {

struct Options {
  CommonOptions common;
  std::string server = "server", model, name, map_keys = "auto";
};

void run(const Options& options) {
  StepOutput out("predict", options.common.json);
  const ServerFolder folder{options.server};
  const ml::Plan plan = pipeline::load_plan(folder.plan());
  out.belongs_to(plan);
  const bool encrypted = plan.request.job == ml::Job::kTrain;
  std::filesystem::path model = options.model;
  if (model.empty()) model = encrypted ? folder.encrypted_model() : folder.clear_model();
  require_present(model, encrypted ? "train first: `cloister train`"
                                   : "put the server's own model there, or name it with --model");
  const auto rows = folder.rows(options.name), predictions = folder.predictions(options.name);
  require_present(rows, "the owner makes it with `cloister encrypt`");
  Workbench bench(options.common);
  if (plan.ckks)
    pipeline::predict_ckks({folder.plan(), folder.evaluation_keys(), rows, model, predictions},
                           bench.machine(key_memory_of(options.map_keys)));
  else
    pipeline::predict_paillier({folder.plan(), folder.public_key(), rows, model, predictions},
                               bench.machine());
  bench.finish();
  out.wrote(predictions);
  out.details()["model_encrypted"] = encrypted;
  out.details()["threads"] = bench.pool().threads();
  out.say(std::string("Predicted encrypted rows with ") +
          (encrypted ? "the encrypted model" : "a model in the clear") +
          ". Only the owner can read the predictions.");
  out.next("the owner's `cloister decrypt`.");
  out.print();
}

}  // namespace

void add_predict_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("predict", "Server: predict encrypted rows");
  add_server_option(*verb, options->server);
  verb->add_option("--model", options->model,
                   "The model (default: model.enc, or model.json where the plan's job is to predict)");
  add_name_option(*verb, options->name);
  add_map_keys_option(*verb, options->map_keys);
  add_common_options(*verb, options->common);
  verb->footer(
      "Reads plan.json, the owner's public keys, the model and rows.enc of the folder, and writes\n"
      "predictions.enc there.\nExample:\n  cloister predict --server ./server");
  verb->callback([options] { run(*options); });
}

}  // namespace cloister::app
