#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>

#include "apps/cloister/clear_training.h"
#include "apps/cloister/decrypted_files.h"
#include "apps/cloister/owner_folder.h"
#include "apps/cloister/passphrase_options.h"
#include "apps/cloister/prepared_data.h"
#include "apps/cloister/release_file.h"
#include "apps/cloister/verbs/verbs.h"
#include "apps/common/common_options.h"
#include "apps/common/plan_view.h"
#include "apps/common/step_output.h"
#include "apps/common/workbench.h"
#include "cloister/base/error.h"
#include "cloister/pipeline/owner/ckks_publishing.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::app {
namespace {

struct Options {
  CommonOptions common;
  PassphraseOptions passphrase;
  std::string owner = "owner", server = "server", name, out;
  bool model = false, predictions = false;
  double max_error = 0.01;
  std::uint32_t releases = 1;
  int statistical_bits = 30;
};

// The noise is sized from the plan's bound, which holds for logistic training only while margins kept small.
void require_guarantee(const ml::Plan& plan, const OwnerFolder& owner, const data::Preparation& preparation) {
  if (!plan.trains_logistic()) return;
  const auto clear = train_in_clear(plan, load_examples(owner.training_rows(), preparation));
  if (*clear.largest_margin > *clear.margin_limit)
    throw SecurityError(
        "the plan's error bound is not guaranteed for these rows (a margin of " +
        short_number(*clear.largest_margin) + " where the limit is " + short_number(*clear.margin_limit) +
        "), so the noise that hides the key cannot be sized; train with fewer iterations or a ridge");
}

void run(const Options& options) {
  StepOutput out("publish", options.common.json);
  if (options.model == options.predictions)
    throw ParametersError("say what to publish: --model or --predictions");
  const OwnerFolder owner{options.owner};
  const ServerFolder server{options.server};
  require_present(owner.plan(), "make it with `cloister plan`");
  const ml::Plan plan = pipeline::load_plan(owner.plan());
  out.belongs_to(plan);
  if (!plan.ckks)
    throw ParametersError(
        "results of Paillier are exact and say nothing of the key: pass on what `cloister decrypt` wrote");
  const auto input = options.model ? server.encrypted_model() : server.predictions(options.name);
  require_present(input, "the server makes it with `cloister train` and `cloister predict`");
  std::filesystem::path file = options.out;
  if (file.empty())
    file = options.model
               ? owner.root / "published-model.json"
               : owner.root / ServerFolder::with_name("published-predictions", options.name, ".csv");
  require_absent(file);
  const data::Preparation preparation = load_preparation(owner.preparation());
  require_guarantee(plan, owner, preparation);
  const auto passphrase = passphrase_for(options.passphrase, owner.secret_key());
  auto budget = load_releases(owner.releases(), options.releases, options.statistical_bits);

  Workbench bench(options.common);
  const pipeline::DecryptFiles files{owner.plan(), owner.secret_key(), input};
  double error = 0;
  if (options.model) {
    auto published =
        pipeline::publish_ckks_model(files, options.max_error, budget, or_null(passphrase), bench.machine());
    save_releases(owner.releases(), budget);  // before anything leaves
    published.model.names = preparation.feature_names();
    pipeline::save_clear_model(file, published.model);
    error = published.error;
  } else {
    const auto published = pipeline::publish_ckks_predictions(files, options.max_error, budget,
                                                              or_null(passphrase), bench.machine());
    save_releases(owner.releases(), budget);
    save_predictions(file, {published.margins, published.error}, preparation,
                     load_row_lines(owner.rows(options.name)));
    error = published.error;
  }
  bench.finish();
  out.wrote(file);
  out.wrote(owner.releases());
  out.details()["error"] = error;
  out.details()["releases"] = {{"used", budget.used()},
                               {"allowed", budget.allowed()},
                               {"statistical_bits", budget.statistical_bits()}};
  out.say(fmt::format(
      "Values that may be passed on: with noise that hides the secret key, within {} of the exact ones.\n"
      "Release {} of {} that this key allows.",
      short_number(error), budget.used(), budget.allowed()));
  out.print();
}

}  // namespace

void add_publish_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      app.add_subcommand("publish", "Owner: decrypt what is to be passed on, with noise that hides the key");
  verb->add_flag("--model", options->model, "The model");
  verb->add_flag("--predictions", options->predictions, "The predictions");
  add_name_option(*verb, options->name);
  verb->add_option("--out", options->out, "File to write (default: published-... in the owner's folder)");
  verb->add_option("--max-error", options->max_error, "Refuse if values would be less precise than this")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_option("--releases", options->releases,
                   "How often results of this key may be published; fixed at the first time")
      ->check(CLI::Range(1u, ckks::ReleaseBudget::kMaxReleases))
      ->capture_default_str();
  verb->add_option("--statistical-bits", options->statistical_bits,
                   "How well the noise hides; fixed at the first time")
      ->check(CLI::Range(ckks::ReleaseBudget::kMinStatisticalBits, ckks::ReleaseBudget::kMaxStatisticalBits))
      ->capture_default_str();
  add_passphrase_options(*verb, options->passphrase, PassphraseUse::kExistingKey);
  add_owner_option(*verb, options->owner);
  add_server_option(*verb, options->server);
  add_common_options(*verb, options->common);
  verb->footer(
      "What `decrypt` shows carries traces of the secret key and is for the owner alone. This noise costs\n"
      "precision: plan with a small --max-error for results that are to be published.\nExample:\n"
      "  cloister publish --model --max-error 0.05");
  verb->callback([options] { run(*options); });
}

}  // namespace cloister::app
