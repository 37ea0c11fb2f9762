#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>

#include "apps/cloister/decrypted_files.h"
#include "apps/cloister/owner_folder.h"
#include "apps/cloister/owner_setting.h"
#include "apps/cloister/passphrase_options.h"
#include "apps/cloister/prepared_data.h"
#include "apps/cloister/terminal/text_table.h"
#include "apps/cloister/vector_decryption.h"
#include "apps/cloister/verbs/statistics.h"
#include "apps/cloister/verbs/verbs.h"
#include "apps/common/common_options.h"
#include "apps/common/plan_view.h"
#include "apps/common/step_output.h"
#include "apps/common/workbench.h"
#include "cloister/base/error.h"
#include "cloister/pipeline/owner/paillier_owner.h"
#include "cloister/pipeline/owner/sums_owner.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::app {
namespace {

struct Options {
  CommonOptions common;
  PassphraseOptions passphrase;
  std::string owner = "owner", server = "server", name;
  bool model = false, predictions = false;
  std::vector<std::string> vectors;
  std::string keys = "keys";
};

std::filesystem::path model_file(const OwnerSetting& s) {
  return s.plan.request.job == ml::Job::kAggregate ? s.server.sums() : s.server.encrypted_model();
}

void say_weights(const OwnerSetting& s, const pipeline::ClearModel& model, StepOutput& out) {
  const auto original = s.preparation.weights_in_original_units(model.weights, model.intercept);
  using enum TextTable::Align;
  TextTable table({{"feature"}, {"weight", kRight}, {"in the column's own unit", kRight}});
  for (std::size_t j = 0; j < model.weights.size(); ++j)
    table.add_row({model.names[j], fmt::format("{:.4f}", model.weights[j]),
                   fmt::format("{:.4g}", original.weights[j])});
  table.add_row(
      {"(intercept)", fmt::format("{:.4f}", model.intercept), fmt::format("{:.4g}", original.intercept)});
  out.say(table);
}

void decrypt_model(OwnerSetting& s, StepOutput& out) {
  const pipeline::DecryptFiles files{s.owner.plan(), s.owner.secret_key(), model_file(s)};
  pipeline::DecryptedModel decrypted;
  if (s.plan.ckks) {
    decrypted = pipeline::decrypt_ckks_model(files, or_null(s.passphrase), s.bench.machine());
  } else {
    auto regression = pipeline::decrypt_paillier_sums(files, or_null(s.passphrase), s.bench.machine());
    out.details()["rows"] = regression.rows;
    out.details()["r2_train"] = regression.r2;
    out.say(
        fmt::format("{} rows of all owners together; R2 on them is {:.4f}.", regression.rows, regression.r2));
    decrypted = {std::move(regression.model), regression.error_bound};
  }
  decrypted.model.names = s.preparation.feature_names();
  save_decrypted_model(s.owner.model(), decrypted, s.preparation);
  out.wrote(s.owner.model());
  out.details()["error_bound"] = decrypted.error_bound;
  out.details()["model"] = pipeline::to_json(decrypted.model);
  s.bench.finish();
  out.say(fmt::format("The model; every weight is within {} of what the same algorithm gives in the clear:",
                      short_number(decrypted.error_bound)));
  say_weights(s, decrypted.model, out);
}

void decrypt_predictions(OwnerSetting& s, const std::string& name, StepOutput& out) {
  const pipeline::DecryptFiles files{s.owner.plan(), s.owner.secret_key(), s.server.predictions(name)};
  const auto decrypted =
      s.plan.ckks ? pipeline::decrypt_ckks_predictions(files, or_null(s.passphrase), s.bench.machine())
                  : pipeline::decrypt_paillier_predictions(files, or_null(s.passphrase), s.bench.machine());
  save_predictions(s.owner.predictions(name), decrypted, s.preparation, load_row_lines(s.owner.rows(name)));
  out.wrote(s.owner.predictions(name));
  out.details()["predictions"] = decrypted.margins.size();
  out.details()["prediction_error_bound"] = decrypted.error_bound;
  s.bench.finish();
  out.say(fmt::format("{} predictions.", decrypted.margins.size()));
}

void run_on_vectors(const Options& options, StepOutput& out) {
  Workbench bench(options.common);
  decrypt_vectors(options.vectors, options.keys, options.passphrase, bench, out);
  bench.finish();
  out.details()["threads"] = bench.pool().threads();
  out.print();
}

void run(const Options& options) {
  StepOutput out("decrypt", options.common.json);
  if (!options.vectors.empty()) return run_on_vectors(options, out);
  const OwnerFolder owner{options.owner};
  require_present(owner.plan(), "make it with `cloister plan`");
  ml::Plan plan = pipeline::load_plan(owner.plan());
  out.belongs_to(plan);
  if (plan.request.job == ml::Job::kStatistics) {
    const auto passphrase = passphrase_for(options.passphrase, owner.secret_key());
    Workbench bench(options.common);
    decrypt_statistics({owner, {options.server}, passphrase, bench}, out);
    out.details()["threads"] = bench.pool().threads();
    out.print();
    return;
  }
  OwnerSetting s{owner,
                 {options.server},
                 std::move(plan),
                 load_preparation(owner.preparation()),
                 passphrase_for(options.passphrase, owner.secret_key()),
                 Workbench(options.common)};
  const bool all = !options.model && !options.predictions;
  const bool has_model = std::filesystem::exists(model_file(s));
  const bool has_predictions = std::filesystem::exists(s.server.predictions(options.name));
  if (options.model || (all && !has_predictions && s.plan.request.job != ml::Job::kPredict))
    require_present(model_file(s), "the server makes it with `cloister train` (or `aggregate`)");
  if (options.predictions || (all && !has_model))
    require_present(s.server.predictions(options.name), "the server makes it with `cloister predict`");
  if (options.model || (all && has_model)) decrypt_model(s, out);
  if (options.predictions || (all && has_predictions)) decrypt_predictions(s, options.name, out);
  out.details()["threads"] = s.bench.pool().threads();
  if (s.plan.ckks) out.say("This is for the owner's eyes: to pass results on, use `cloister publish`.");
  out.next("`cloister evaluate` compares with training in the clear.");
  out.print();
}

}  // namespace

void add_decrypt_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("decrypt", "Owner: read the model and the predictions, or statistics");
  CLI::Option* model = verb->add_flag("--model", options->model, "Only the model");
  CLI::Option* predictions = verb->add_flag("--predictions", options->predictions, "Only the predictions");
  verb->add_option("--vectors", options->vectors,
                   "In place of a plan's results: files of encrypted vectors, of `cloister convert import`")
      ->excludes(model)
      ->excludes(predictions);
  verb->add_option("--keys", options->keys, "Vectors: the folder of keys, of which each finds its own")
      ->capture_default_str();
  add_name_option(*verb, options->name);
  add_passphrase_options(*verb, options->passphrase, PassphraseUse::kExistingKey);
  add_owner_option(*verb, options->owner);
  add_server_option(*verb, options->server);
  add_common_options(*verb, options->common);
  verb->footer(
      "Writes model.json and predictions.csv in the owner's folder, or statistics.json, statistics.csv and\n"
      "histograms.csv. They are for the owner's eyes; see `cloister publish` for what is passed "
      "on.\nExamples:\n  cloister decrypt --predictions --name may\n"
      "  cloister decrypt --vectors numbers.enc --keys keys");
  verb->callback([options] { run(*options); });
}

}  // namespace cloister::app
