#include "apps/cloister/demo/chd.h"

#include "apps/cloister/demo/holdings.h"
#include "apps/cloister/demo/narration.h"
#include "apps/cloister/demo/record.h"

namespace cloister::app {
namespace {

using json = nlohmann::ordered_json;
using Arguments = std::vector<std::string>;

constexpr const char* kTarget = "TenYearCHD";
constexpr const char* kReferenceDrops = "education,currentSmoker,BPMeds,diabetes,diaBP,BMI";
constexpr int kReferenceIterations = 5, kAllIterations = 7;

/// How the table is prepared, and which rows are predicted.
struct Preparation {
  Arguments plan;
  int iterations;
  bool tests_on_training_rows;
  const char* says;
};

Preparation preparation_of(const DemoOptions& options) {
  if (options.preparation == "all")
    return {{"--test-fraction", "0"},
            kAllIterations,
            true,
            "All columns, every row that is complete, standardized. The model is tried on the rows that it "
            "learned from, as the published figures for this preparation are."};
  return {{"--drop", kReferenceDrops, "--balance", "--test-fraction", "0.3"},
          kReferenceIterations,
          false,
          "The reference preparation: complete rows, nine columns, as many rows with the disease as without, "
          "standardized, 70% to learn from and 30% to test."};
}

Arguments plan_arguments(const DemoTable& table, const Preparation& preparation, const DemoOptions& options) {
  const int iterations = options.iterations > 0 ? options.iterations : preparation.iterations;
  Arguments out{"plan",      "--data",       table.path.string(), "--target",     kTarget,
                "--model",   "logistic",     "--missing",         "drop-incomplete", "--scaling",
                "standardize"};
  out.insert(out.end(), preparation.plan.begin(), preparation.plan.end());
  for (const std::string& word :
       {std::string("--iterations"), std::to_string(iterations), std::string("--seed"), std::to_string(options.seed)})
    out.push_back(word);
  if (options.small_keys) out.emplace_back("--small-keys");
  return with_threads(std::move(out), options);
}

json parties(const Play& play, const DemoTable& table) {
  Party owner{"Owner", "has the table", play.folder() / "owner", {"everything: the table, the model, the answers"}, {}, {}};
  if (!table.synthetic) owner.elsewhere.push_back(table.file);
  return json::array({holdings(owner), holdings(server_party(play.folder() / "server"))});
}

}  // namespace

json play_chd(Play& play, const DemoOptions& options) {
  const Preparation preparation = preparation_of(options);
  const auto given = given_table(options);
  make_workplace(options.out, {"owner", "server"});
  const DemoTable table = given ? *given : make_table(options, "chd", "owner/chd-synthetic.csv");

  play.heading("Heart disease risk, learned from encrypted records");
  announce(play, table);
  play.say(preparation.says);
  json seconds;

  play.heading("1. The owner plans the job, makes keys and encrypts");
  play.say("The plan fixes everything before any key exists: parameters, costs, and how exact the answer will be.");
  const StepResult plan = play.run(plan_arguments(table, preparation, options));
  seconds["plan"] = plan.seconds;
  show_plan(play, play.folder() / "owner");
  if (preparation.tests_on_training_rows)
    std::filesystem::copy_file(play.folder() / "owner/train.csv", play.folder() / "owner/test.csv");
  play.say("The secret key stays in owner/. It is kept without a passphrase here, as this is a demo.");
  seconds["keygen"] = play.run(with_threads({"keygen", "--no-passphrase"}, options)).seconds;
  seconds["encrypt"] = play.run(with_threads({"encrypt"}, options)).seconds;

  play.heading("2. The server trains and predicts, and cannot read");
  play.say("It has the folder server/ alone, and runs as a program that has no code to decrypt with.");
  seconds["train"] = play.run(with_threads({"train"}, options)).seconds;
  seconds["predict"] = play.run(with_threads({"predict"}, options)).seconds;

  play.heading("3. The owner decrypts the answers, and compares");
  seconds["decrypt"] = play.run(with_threads({"decrypt"}, options)).seconds;
  play.say("For the comparison the owner trains in the clear too, with the same steps.");
  const StepResult evaluation = play.run(with_threads({"evaluate"}, options));

  json run = job_record(evaluation.output, seconds, thread_count(options));
  run["task"] = "chd";
  run["preparation"] = options.preparation;
  run["dataset"] = {{"name", table.name}, {"target", kTarget}, {"synthetic", table.synthetic}};
  run["commands"] = play.commands();
  run["parties"] = parties(play, table);
  return run;
}

}  // namespace cloister::app
