#include <memory>
#include <string>

#include "apps/cloister/owner_folder.h"
#include "apps/cloister/passphrase_options.h"
#include "apps/cloister/verbs/verbs.h"
#include "apps/common/common_options.h"
#include "apps/common/step_output.h"
#include "apps/common/workbench.h"
#include "cloister/base/error.h"
#include "cloister/pipeline/owner/ckks_owner.h"
#include "cloister/pipeline/owner/paillier_owner.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::app {
namespace {

struct Options {
  CommonOptions common;
  PassphraseOptions passphrase;
  std::string owner = "owner", server = "server";
};

void run(const Options& options) {
  StepOutput out("keygen", options.common.json);
  const OwnerFolder owner{options.owner};
  const ServerFolder server{options.server};
  require_present(owner.plan(), "make it with `cloister plan`");
  const ml::Plan plan = pipeline::load_plan(owner.plan());
  out.belongs_to(plan);
  const auto for_server = plan.ckks ? server.evaluation_keys() : server.public_key();
  require_absent(owner.secret_key());
  require_absent(for_server);
  const auto passphrase = new_passphrase(options.passphrase);
  const auto protection =
      passphrase ? wire::Protection::passphrase(*passphrase) : wire::Protection::none_at_callers_word();
  make_server_folder(server.root);
  Workbench bench(options.common);
  const auto generate = plan.ckks ? pipeline::generate_ckks_keys : pipeline::generate_paillier_keys;
  generate({owner.plan(), owner.secret_key(), for_server}, protection, bench.machine());
  bench.finish();
  out.wrote(owner.secret_key());
  out.wrote(for_server);
  out.details()["protected"] = passphrase.has_value();
  out.details()["threads"] = bench.pool().threads();
  out.say(std::string("The secret key stays in the owner's folder") +
          (passphrase ? ", sealed with the passphrase: without it nothing can be decrypted, and nobody can "
                        "bring it back."
                      : ", unprotected: whoever reads the file can decrypt everything."));
  out.say("The other file is for the server: with it one can compute on encrypted data, not read it.");
  out.next("`cloister encrypt`.");
  out.print();
}

}  // namespace

void add_keygen_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("keygen", "Owner: make the keys that the plan needs");
  add_passphrase_options(*verb, options->passphrase, PassphraseUse::kNewKey);
  add_owner_option(*verb, options->owner);
  add_server_option(*verb, options->server);
  add_common_options(*verb, options->common);
  verb->footer(
      "Existing keys are never overwritten.\nExample:\n  cloister keygen --passphrase-file "
      "~/.cloister-passphrase");
  verb->callback([options] { run(*options); });
}

}  // namespace cloister::app
