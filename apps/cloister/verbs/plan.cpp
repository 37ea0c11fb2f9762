#include <fmt/format.h>

#include <memory>
#include <sstream>
#include <string>

#include "apps/cloister/json_file.h"
#include "apps/cloister/owner_folder.h"
#include "apps/cloister/planning.h"
#include "apps/cloister/prepared_data.h"
#include "apps/cloister/terminal/text.h"
#include "apps/cloister/verbs/statistics.h"
#include "apps/cloister/verbs/verbs.h"
#include "apps/common/common_options.h"
#include "apps/common/plan_view.h"
#include "apps/common/step_output.h"
#include "apps/common/workbench.h"
#include "cloister/base/error.h"
#include "cloister/data/csv.h"
#include "cloister/ml/paillier_planner.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::app {
namespace {

struct Options {
  CommonOptions common;
  PlanningOptions planning;
  std::string owner = "owner", server = "server";
  bool schema_only = false, replace = false;
};

void say_schema(StepOutput& out, const data::Schema& schema) {
  std::istringstream lines(schema.to_text());
  for (std::string line; std::getline(lines, line);) out.say(sanitized(line));
  out.details()["schema"] = schema.to_json();
}

// Refuses to change a plan that keys were made for, or to replace one unasked.
void check_folders(const Options& options, const OwnerFolder& owner, const ServerFolder& server) {
  for (const auto& path : {owner.secret_key(), server.evaluation_keys(), server.public_key()})
    require_absent(path);
  if (options.replace) return;
  for (const auto& path : {owner.plan(), server.plan(), owner.preparation(), owner.columns(), owner.schema(),
                           owner.training_rows(), owner.test_rows()})
    if (std::filesystem::exists(path))
      throw Error(ErrorCode::kAlreadyExists,
                  path.string() + " is there already; use other folders, or --replace (no keys exist yet)");
}

void write_files(const Options& options, const Planning& p, const OwnerFolder& owner,
                 const ServerFolder& server, StepOutput& out) {
  const Overwrite overwrite = options.replace ? Overwrite::kReplace : Overwrite::kRefuse;
  make_owner_folder(owner.root);
  make_server_folder(server.root);
  NewFiles files;
  const auto wrote = [&](const std::filesystem::path& path) {
    if (!options.replace) files.add(path);
    out.wrote(path);
  };
  save_json(owner.schema(), p.schema.to_json(), overwrite, FileMode::kSecret);
  wrote(owner.schema());
  save_preparation(owner.preparation(), p.split.preparation, options.replace);
  wrote(owner.preparation());
  for (const auto& [path, rows] : {std::pair{owner.training_rows(), &p.split.train.source_row},
                                   std::pair{owner.test_rows(), &p.split.test.source_row}}) {
    if (rows->empty()) {
      std::filesystem::remove(path);  // of the plan that is replaced
      continue;
    }
    data::write_csv(path, p.table.select_rows(*rows), overwrite);
    wrote(path);
  }
  pipeline::save_plan(server.plan(), p.plan, overwrite);
  wrote(server.plan());
  pipeline::save_plan(owner.plan(), p.plan, overwrite);
  wrote(owner.plan());
  files.keep();
}

void describe(const Planning& p, StepOutput& out) {
  say_schema(out, p.schema);
  const std::size_t train = p.split.train.features.rows, test = p.split.test.features.rows;
  out.say(fmt::format(
      "\n{} rows to train on, {} to test with; {} left out for what they lack, {} to balance the classes.\n",
      train, test, p.split.dropped_missing, p.split.dropped_balance));
  out.say(facts_table(p.plan));
  if (p.plan.methods) out.say("\n" + method_text(*p.plan.methods, p.plan.request.small_keys));
  if (!p.plan.steps.empty()) {
    out.say("\nWhat happens at which level:");
    out.say(steps_table(p.plan));
  }
  if (p.plan.placements.size() > 1) {
    out.say("\nWhere the levels come from, the least time of each way:");
    out.say(placements_table(p.plan));
  }
  if (!p.plan.alternatives.empty()) {
    out.say("\nTime against bytes to upload (--small-keys takes the small end):");
    out.say(alternatives_table(p.plan));
  }
  if (p.published_cap)
    out.say(fmt::format(
        "\nThe plan is public, and with it the spectrum cap of {}: a coarse number that says how strongly "
        "the columns go together.",
        short_number(*p.published_cap)));
  out.say("");
}

void add_details(const Planning& p, StepOutput& out) {
  auto& j = out.details();
  j.update(plan_summary(p.plan));
  j["rows_train"] = p.split.train.features.rows;
  j["rows_test"] = p.split.test.features.rows;
  j["rows_without_values"] = p.split.dropped_missing;
  j["rows_to_balance"] = p.split.dropped_balance;
  j["target"] = p.split.preparation.spec().target;
  j["feature_names"] = p.split.preparation.feature_names();
  if (p.published_cap) j["published_spectrum_cap"] = *p.published_cap;
  j["plan"] = p.plan.to_json();
}

void run(const Options& options) {
  StepOutput out("plan", options.common.json);
  if (options.schema_only) {
    say_schema(out, read_table_to_plan(options.planning).schema);
    out.print();
    return;
  }
  const OwnerFolder owner{options.owner};
  const ServerFolder server{options.server};
  check_folders(options, owner, server);
  Workbench bench(options.common);
  if (options.planning.job == "statistics") {
    plan_statistics_job(options.planning, owner, server, options.replace, bench, out);
    out.print();
    return;
  }
  const Planning planning = plan_job(options.planning, bench.kernels(), bench.pool().threads());
  bench.finish();
  out.belongs_to(planning.plan);
  describe(planning, out);
  add_details(planning, out);
  write_files(options, planning, owner, server, out);
  const bool trains = planning.plan.request.job == ml::Job::kTrain;
  out.next("`cloister keygen` makes keys for this plan" +
           std::string(trains ? ", `cloister encrypt` encrypts the rows." : "."));
  out.print();
}

void add_data_options(CLI::App& verb, PlanningOptions& o) {
  CLI::Option_group* group = verb.add_option_group("The table");
  group->add_option("--data", o.data, "A CSV file with a header")->required();
  group->add_option("--target", o.target, "The column to predict");
  group->add_option("--drop", o.drop, "Columns not to learn from")->delimiter(',');
  group->add_option("--keep", o.keep, "The only columns to learn from")->delimiter(',');
  group->add_option("--text", o.text, "Columns of codes: categories, although they look like numbers")
      ->delimiter(',');
  group
      ->add_option("--missing", o.missing,
                   "Rows that lack a value: drop, drop-incomplete (any column), impute")
      ->check(CLI::IsMember({"drop", "drop-incomplete", "impute"}))
      ->capture_default_str();
  group->add_option("--scaling", o.scaling, "standardize, min-max or none")
      ->check(CLI::IsMember({"standardize", "min-max", "none"}))
      ->capture_default_str();
  group->add_flag("--balance", o.balance, "Sample the larger class down to the smaller one's size");
  group->add_option("--clip", o.clip, "Keep values within so many deviations of the mean; 0 for off")
      ->capture_default_str();
  group->add_option("--test-fraction", o.test_fraction, "Part of the rows that is kept for testing")
      ->capture_default_str();
  group->add_option("--seed", o.seed, "Of balancing and splitting")->capture_default_str();
  group->add_option("--preparation", o.preparation,
                    "For --job predict: use this preparation.json instead of fitting one");
}

void add_job_options(CLI::App& verb, PlanningOptions& o) {
  CLI::Option_group* group = verb.add_option_group("The job");
  group
      ->add_option("--model", o.model,
                   "logistic, linear or ridge (default: logistic if the target has two values)")
      ->check(CLI::IsMember({"logistic", "linear", "ridge"}));
  group
      ->add_option("--scheme", o.scheme,
                   "ckks (trains and predicts) or paillier (adds several owners' sums; predicts with a clear "
                   "model)")
      ->check(CLI::IsMember({"ckks", "paillier"}))
      ->capture_default_str();
  group
      ->add_option(
          "--job", o.job,
          "train; predict (with a clear model of the server); aggregate (a linear model of several "
          "owners' sums); statistics (means, deviations, correlations and histograms of several owners)")
      ->check(CLI::IsMember({"train", "predict", "aggregate", "statistics"}))
      ->capture_default_str();
  group->add_option("--iterations", o.iterations, "Passes of training (default: the model's)")
      ->check(CLI::Range(1, ml::kMaxIterations));
  group
      ->add_option("--method", o.method,
                   "How a logistic model is trained: nesterov (gradients), newton (a fixed Hessian: fewer, "
                   "longer iterations), or auto: whichever takes less time to the same accuracy; with "
                   "--iterations or --batches nesterov")
      ->check(CLI::IsMember({"auto", "nesterov", "newton"}))
      ->capture_default_str();
  group
      ->add_option("--products", o.products,
                   "For experts, with --method newton: products with the columns' matrix an iteration")
      ->check(CLI::Range(1, ml::kMaxNewtonProducts));
  group
      ->add_option("--tolerance", o.tolerance,
                   "With a ridge (or --spectrum-floor), in place of --iterations: stop where what is left of "
                   "the way to the fit is at most "
                   "this part of it, which is known beforehand")
      ->check(CLI::Range(1e-9, 0.999))
      ->excludes("--iterations");
  group
      ->add_option("--batches", o.batches,
                   "Mini-batches: each iteration sees one of so many parts of the rows, in an order that the "
                   "plan makes public")
      ->check(CLI::Range(1, 65536));
  group->add_option("--batch-seed", o.batch_seed, "Of that order; public")->capture_default_str();
  group->add_option("--ridge", o.ridge, "Penalty on large weights")->check(CLI::NonNegativeNumber);
  group->add_option("--rows", o.rows,
                    "For --job aggregate and statistics: rows of all owners together, at most (default: this "
                    "table's)");
  group
      ->add_option("--bins", o.bins,
                   "For --job statistics: equal parts of each column's range that are counted; 0 for no "
                   "histograms. What lies outside is counted in two more")
      ->check(CLI::Range(std::uint32_t{0}, ml::kMaxHistogramBins))
      ->capture_default_str();
  group->add_option(
      "--range", o.ranges,
      "For --job statistics: NAME=LOW:HIGH, between what a column is counted, as often as there "
      "are columns (default: this table's, rounded outwards; the other owners see it)");
  group->add_option("--max-error", o.max_error, "Largest error that encryption may bring")
      ->capture_default_str();
  group->add_flag("--small-keys", o.small_keys, "The fewest bytes to upload instead of the least time");
  group->add_option("--spectrum-cap", o.spectrum_cap,
                    "A number, or auto: makes one coarse number of the data public");
  group
      ->add_option(
          "--spectrum-floor", o.spectrum_floor,
          "For linear and ridge: no eigenvalue of the columns' correlations is below; your word, which "
          "becomes public and is checked. Fewer iterations then reach the fit")
      ->check(CLI::NonNegativeNumber);
  group->add_option("--feature-bound", o.feature_bound, "No prepared value is larger")->capture_default_str();
  group->add_option("--log2-degree", o.log2_degree, "For experts: log2 of the ring degree")
      ->check(CLI::Range(12, 17));
  group->add_option("--digits", o.digits, "For experts: digits of the key switching")
      ->check(CLI::Range(1, 64));
  group
      ->add_option("--row-slots", o.row_slots,
                   "For experts: slots that a row gets in a ciphertext, a power of two; fewer slots, more "
                   "ciphertexts for a block of rows")
      ->check(CLI::Range(1, 8192));
  group
      ->add_option("--bootstrap-every", o.iterations_per_bootstrap,
                   "For experts: iterations from one bootstrap to the next; 0 for levels alone")
      ->check(CLI::Range(0, ml::kMaxIterations));
  group
      ->add_option("--rotation-keys", o.rotation_keys,
                   "For experts: few keys (small), binary, or quaternary (fast)")
      ->check(CLI::IsMember({"few", "binary", "quaternary"}));
}

}  // namespace

void add_plan_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("plan", "Owner: read a table and plan a job, before any key exists");
  add_data_options(*verb, options->planning);
  add_job_options(*verb, options->planning);
  verb->add_flag("--schema-only", options->schema_only, "Print what the columns are, and stop");
  verb->add_flag("--replace", options->replace, "Replace an earlier plan; refused once keys exist");
  add_owner_option(*verb, options->owner);
  add_server_option(*verb, options->server);
  add_common_options(*verb, options->common);
  verb->footer(
      "Examples:\n  cloister plan --data patients.csv --target disease --drop name,street\n"
      "  cloister plan --data north.csv --scheme paillier --job statistics --rows 100000 --range age=0:100");
  verb->callback([options] {
    if (options->planning.model == "ridge" && options->planning.ridge == 0)
      throw ParametersError("--model ridge needs a penalty: give --ridge X, for example 0.1");
    run(*options);
  });
}

}  // namespace cloister::app
