#include "apps/cloister/demo/chd.h"

#include <fmt/format.h>

#include "apps/cloister/demo/holdings.h"
#include "apps/cloister/demo/narration.h"
#include "apps/cloister/demo/steps.h"

namespace cloister::app {
namespace {

using json = nlohmann::ordered_json;

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
  Arguments out{"plan",     "--data",    table.path.string(), "--target",  kTarget,      "--model",
                "logistic", "--missing", "drop-incomplete",   "--scaling", "standardize"};
  out.insert(out.end(), preparation.plan.begin(), preparation.plan.end());
  for (const std::string& word : {std::string("--iterations"), std::to_string(iterations),
                                  std::string("--seed"), std::to_string(options.seed)})
    out.push_back(word);
  if (options.small_keys) out.emplace_back("--small-keys");
  return out;
}

json parties(const Play& play, const DemoTable& table) {
  Party owner{"Owner",
              "has the table",
              play.folder() / "owner",
              {"everything: the table, the model, the answers"},
              {},
              {}};
  if (!table.synthetic) owner.elsewhere.push_back(table.file);
  return json::array({holdings(owner), holdings(server_party(play.folder() / "server"))});
}

/// The report's own words would call the rows that are predicted further ones.
std::string summary_of_training_rows(const json& run) {
  return fmt::format(
      "{} rows of {} features were encrypted where they live, on their owner's side. A server that holds no "
      "secret key "
      "trained a model on the ciphertexts in {} iterations, without any help from the owner, and then "
      "predicted the "
      "same rows, as the published figures for this preparation do; only the owner can read the model and "
      "its answers.",
      run.at("rows_train").get<std::uint64_t>(), run.at("features").get<int>(),
      run.at("iterations").get<int>());
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
  Steps steps(play, options);

  play.heading("1. The owner plans the job, makes keys and encrypts");
  play.say(
      "The plan fixes everything before any key exists: parameters, costs, and how exact the answer will "
      "be.");
  steps.run("plan", plan_arguments(table, preparation, options));
  show_plan(play, play.folder() / "owner");
  if (preparation.tests_on_training_rows)
    std::filesystem::copy_file(play.folder() / "owner/train.csv", play.folder() / "owner/test.csv");
  play.say("The secret key stays in owner/. It is kept without a passphrase here, as this is a demo.");
  steps.run("keygen", {"keygen", "--no-passphrase"});
  steps.run("encrypt", {"encrypt"});

  play.heading("2. The server trains and predicts, and cannot read");
  play.say("It has the folder server/ alone, and runs as a program that has no code to decrypt with.");
  steps.run("train", {"train"});
  steps.run("predict", {"predict"});

  play.heading("3. The owner decrypts the answers, and compares");
  steps.run("decrypt", {"decrypt"});
  play.say("For the comparison the owner trains in the clear too, with the same steps.");
  json run = steps.evaluated({});
  run["task"] = "chd";
  run["preparation"] = options.preparation;
  if (preparation.tests_on_training_rows) run["summary"] = summary_of_training_rows(run);
  run["dataset"] = {{"name", table.name}, {"target", kTarget}, {"synthetic", table.synthetic}};
  run["commands"] = play.commands();
  run["parties"] = parties(play, table);
  return run;
}

}  // namespace cloister::app
