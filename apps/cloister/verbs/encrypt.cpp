#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>

#include "apps/cloister/json_file.h"
#include "apps/cloister/owner_folder.h"
#include "apps/cloister/owner_setting.h"
#include "apps/cloister/passphrase_options.h"
#include "apps/cloister/prepared_data.h"
#include "apps/cloister/verbs/statistics.h"
#include "apps/cloister/verbs/verbs.h"
#include "apps/common/common_options.h"
#include "apps/common/step_output.h"
#include "apps/common/workbench.h"
#include "cloister/base/error.h"
#include "cloister/pipeline/owner/ckks_owner.h"
#include "cloister/pipeline/owner/paillier_owner.h"
#include "cloister/pipeline/owner/sums_owner.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::app {
namespace {

struct Options {
  CommonOptions common;
  PassphraseOptions passphrase;
  std::string owner = "owner", server = "server", name;
  std::string rows, data, part;
  bool train = false, test = false;
};

void encrypt_training(OwnerSetting& s, StepOutput& out) {
  require_absent(s.server.training_rows());
  const data::Examples examples = load_examples(s.owner.training_rows(), s.preparation);
  pipeline::encrypt_training_rows({s.owner.plan(), s.owner.secret_key(), s.server.training_rows()}, examples,
                                  or_null(s.passphrase), s.bench.machine());
  out.wrote(s.server.training_rows());
  out.details()["rows_train"] = examples.features.rows;
  out.say(fmt::format("Encrypted {} rows to train on.", examples.features.rows));
}

void encrypt_rows(OwnerSetting& s, const std::filesystem::path& csv, const std::string& name,
                  StepOutput& out) {
  const auto rows_file = s.server.rows(name);
  require_absent(rows_file);
  const data::Table table = read_table(csv, s.preparation);
  const data::Examples examples = s.preparation.apply(table);
  if (examples.features.rows == 0)
    throw ParametersError(csv.string() + ": every row lacks a value, so there is nothing to encrypt");
  NewFiles made;
  if (s.plan.ckks)
    pipeline::encrypt_prediction_rows({s.owner.plan(), s.owner.secret_key(), rows_file}, examples.features,
                                      or_null(s.passphrase), s.bench.machine());
  else
    pipeline::encrypt_paillier_rows({s.owner.plan(), s.server.public_key(), s.owner.secret_key(), rows_file},
                                    examples.features, or_null(s.passphrase), s.bench.machine());
  made.add(rows_file);
  nlohmann::ordered_json lines = nlohmann::ordered_json::array();
  for (const std::size_t r : examples.source_row) lines.push_back(table.line(r));
  save_json(s.owner.rows(name), {{"file", csv.string()}, {"lines", lines}}, Overwrite::kReplace,
            FileMode::kSecret);
  made.keep();
  out.wrote(rows_file);
  out.wrote(s.owner.rows(name));
  const std::size_t left_out = table.rows() - examples.features.rows;
  out.details()["rows_predict"] = examples.features.rows;
  out.details()["rows_without_values"] = left_out;
  out.say(fmt::format("Encrypted {} rows to predict{}.", examples.features.rows,
                      left_out == 0 ? "" : fmt::format("; {} lack a value and were left out", left_out)));
}

// One owner's part of a joint regression. Further owners have the plan, the preparation and the public key,
// and no secret key.
void encrypt_part(OwnerSetting& s, const Options& options, StepOutput& out) {
  const auto sums = s.server.part(options.part);
  require_absent(sums);
  const std::filesystem::path csv =
      options.data.empty() ? s.owner.training_rows() : std::filesystem::path(options.data);
  const data::Examples examples = load_examples(csv, s.preparation);
  std::optional<std::filesystem::path> secret;
  if (std::filesystem::exists(s.owner.secret_key())) secret = s.owner.secret_key();
  pipeline::encrypt_paillier_sums({s.owner.plan(), s.server.public_key(), secret, sums}, examples,
                                  or_null(s.passphrase), s.bench.machine());
  out.wrote(sums);
  out.details()["rows"] = examples.features.rows;
  out.say(fmt::format("Encrypted the sums of {} rows.", examples.features.rows));
}

void run(const Options& options) {
  StepOutput out("encrypt", options.common.json);
  const OwnerFolder owner{options.owner};
  const ServerFolder server{options.server};
  require_present(owner.plan(), "make it with `cloister plan`");
  ml::Plan plan = pipeline::load_plan(owner.plan());
  out.belongs_to(plan);
  const ml::Job job = plan.request.job;
  const bool has_secret = !ml::adds_sums(job) || std::filesystem::exists(owner.secret_key());
  auto passphrase = has_secret ? passphrase_for(options.passphrase, owner.secret_key()) : std::nullopt;
  if (ml::adds_sums(job) && options.part.empty())
    throw ParametersError("name this owner's part of the sums with --part NAME");
  if (job == ml::Job::kStatistics) {
    Workbench bench(options.common);
    encrypt_statistics({owner, server, passphrase, bench}, options.data, options.part, out);
    bench.finish();
    out.details()["threads"] = bench.pool().threads();
    out.next("`cloister aggregate` with the sums of all owners.");
    out.print();
    return;
  }
  OwnerSetting s{owner,
                 server,
                 std::move(plan),
                 load_preparation(owner.preparation()),
                 std::move(passphrase),
                 Workbench(options.common)};
  if (job == ml::Job::kAggregate) {
    encrypt_part(s, options, out);
    out.next("`cloister aggregate` with the sums of all owners.");
  } else {
    if (!options.part.empty() || !options.data.empty())
      throw ParametersError(
          "--part and --data are for plans that add several owners' sums; --rows FILE encrypts rows to "
          "predict");
    const bool all = !options.train && !options.test && options.rows.empty();
    const bool has_test = std::filesystem::exists(owner.test_rows());
    if (job == ml::Job::kTrain && (options.train || all))
      encrypt_training(s, out);
    else if (options.train)
      throw ParametersError("the plan is not for training; leave --train away");
    if (!options.rows.empty())
      encrypt_rows(s, options.rows, options.name, out);
    else if (options.test || (all && has_test))
      encrypt_rows(s, owner.test_rows(), options.name, out);
    out.next(job == ml::Job::kTrain
                 ? "copy the server's folder to the server, and `cloister train` there."
                 : "copy the server's folder to the server, and `cloister predict` there.");
  }
  s.bench.finish();
  out.details()["threads"] = s.bench.pool().threads();
  out.print();
}

}  // namespace

void add_encrypt_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("encrypt", "Owner: encrypt rows for the server");
  CLI::Option* train = verb->add_flag("--train", options->train, "Only the rows to train on");
  CLI::Option* test =
      verb->add_flag("--test", options->test, "Only the rows kept for testing, as rows to predict");
  CLI::Option* rows =
      verb->add_option("--rows", options->rows, "Only the rows of this CSV file, as rows to predict");
  test->excludes(rows);
  train->excludes(rows)->excludes(test);
  add_name_option(*verb, options->name);
  verb->add_option("--part", options->part, "Aggregate, statistics: name of this owner's part")
      ->check(file_name_part());
  verb->add_option(
      "--data", options->data,
      "Aggregate, statistics: this owner's CSV file (default of aggregate: the plan's training rows)");
  add_passphrase_options(*verb, options->passphrase, PassphraseUse::kExistingKey);
  add_owner_option(*verb, options->owner);
  add_server_option(*verb, options->server);
  add_common_options(*verb, options->common);
  verb->footer(
      "Without options both the rows to train on and those kept for testing are encrypted.\nExamples:\n"
      "  cloister encrypt --passphrase-file ~/.cloister-passphrase\n"
      "  cloister encrypt --rows new-patients.csv --name may\n"
      "  cloister encrypt --data north.csv --part north");
  verb->callback([options] { run(*options); });
}

}  // namespace cloister::app
