#include "apps/cloister/demo/salary.h"

#include <fmt/format.h>

#include "apps/cloister/demo/holdings.h"
#include "apps/cloister/demo/narration.h"
#include "apps/cloister/demo/steps.h"
#include "cloister/base/file.h"
#include "cloister/data/csv.h"
#include "cloister/data/preparation.h"

namespace cloister::app {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

constexpr const char* kTarget = "salary";
// Of 300 splits of the public table, and of a synthetic one, R2 on the test rows was within 0.0006 of least
// squares after 7 products with the matrix, for all of them; within 0.0032 after the plan's own choice of 4.
constexpr int kIterations = 7;
constexpr int kOwners = 3;
constexpr std::uint64_t kMaxPreparationBytes = 1 << 20;
constexpr const char* kReferee = "paillier-sums/referee";

/// The folders of a way, as commands that run in the demo's folder name them.
struct Way {
  std::string owner, server;

  Arguments at_owner(Arguments arguments) const {
    for (const std::string& word : {std::string("--owner"), owner, std::string("--server"), server})
      arguments.push_back(word);
    return arguments;
  }
  Arguments at_server(Arguments arguments) const {
    arguments.emplace_back("--server");
    arguments.push_back(server);
    return arguments;
  }
};
const Way kCkks{"ckks/owner", "ckks/server"};
const Way kPredict{"paillier-predict/owner", "paillier-predict/server"};

/// One of the owners that add their sums; the first holds the key.
Way sums_of(int owner) { return {fmt::format("paillier-sums/owner-{}", owner), "paillier-sums/server"}; }

json play_ckks(Play& play, const DemoTable& table, const DemoOptions& options) {
  play.heading("1. CKKS: the server trains on encrypted rows");
  Steps steps(play, options);
  const int iterations = options.iterations > 0 ? options.iterations : kIterations;
  Arguments plan{"plan",
                 "--data",
                 table.path.string(),
                 "--target",
                 kTarget,
                 "--model",
                 "linear",
                 "--iterations",
                 std::to_string(iterations),
                 "--seed",
                 std::to_string(options.seed)};
  if (options.small_keys) plan.emplace_back("--small-keys");
  steps.run("plan", kCkks.at_owner(std::move(plan)));
  show_plan(play, play.folder() / kCkks.owner);
  steps.run("keygen", kCkks.at_owner({"keygen", "--no-passphrase"}));
  steps.run("encrypt", kCkks.at_owner({"encrypt"}));
  steps.run("train", kCkks.at_server({"train"}));
  steps.run("predict", kCkks.at_server({"predict"}));
  steps.run("decrypt", kCkks.at_owner({"decrypt"}));

  json out{{"label", "CKKS: trained on encrypted rows"},
           {"description",
            "One owner encrypts its rows. The server trains a linear regression on them, as many passes as "
            "the plan "
            "says, and predicts with the encrypted model."},
           {"can",
            {"train and predict on rows that stay encrypted", "keep the model from the server too",
             "learn more than linear models"}},
           {"cannot",
            {"give exact answers: a small error stays, with a stated bound",
             "do without large keys, and seconds to minutes of work"}}};
  out.update(steps.evaluated(kCkks.at_owner({})));
  Party owner{"Owner", "has the table", play.folder() / kCkks.owner, {"everything"}, {}, {}};
  if (!table.synthetic) owner.elsewhere.push_back(table.file);
  out["parties"] = {holdings(owner), holdings(server_party(play.folder() / kCkks.server))};
  return out;
}

/// What one party hands to another.
void copy_files(const Play& play, const std::string& from, const std::string& to,
                std::initializer_list<const char*> names) {
  for (const char* name : names) fs::copy_file(play.folder() / from / name, play.folder() / to / name);
}

/// Gives each owner its part of the rows that CKKS was trained on.
void share_out(const Play& play) {
  const data::Table rows = data::read_csv(play.folder() / kCkks.owner / "train.csv");
  for (int owner = 1; owner <= kOwners; ++owner) {
    std::vector<std::size_t> part;
    for (std::size_t row = 0; row < rows.rows(); ++row)
      if (row * kOwners / rows.rows() == static_cast<std::size_t>(owner - 1)) part.push_back(row);
    data::write_csv(play.folder() / sums_of(owner).owner / "table.csv", rows.select_rows(part));
  }
}

/// What the server evaluates with is the public key; what is uploaded, the sums of all owners.
json sums_bytes(const Play& play) {
  const fs::path server = play.folder() / sums_of(1).server;
  std::uint64_t parts = 0;
  for (int i = 1; i <= kOwners; ++i) parts += fs::file_size(server / fmt::format("sums-owner-{}.enc", i));
  return {{"evaluation_keys", fs::file_size(server / "public.key")},
          {"dataset", parts},
          {"model", fs::file_size(server / "sums.enc")}};
}

json predict_bytes(const Play& play) {
  const fs::path server = play.folder() / kPredict.server;
  return {{"evaluation_keys", fs::file_size(server / "public.key")},
          {"dataset", fs::file_size(server / "rows.enc")},
          {"model", fs::file_size(server / "model.json")},
          {"predictions", fs::file_size(server / "predictions.enc")}};
}

/// What 1 of a prepared target is in the table's unit.
double salary_unit(const fs::path& owner) {
  const auto bytes = read_file(owner / "preparation.json", kMaxPreparationBytes);
  return data::Preparation::from_json(nlohmann::json::parse(bytes.begin(), bytes.end())).target_scale();
}

json sums_parties(const Play& play) {
  json out = json::array();
  for (int i = 1; i <= kOwners; ++i)
    out.push_back(holdings(
        {fmt::format("Owner {}", i),
         i == 1 ? "has a third of the rows, and the key" : "has a third of the rows",
         play.folder() / sums_of(i).owner,
         i == 1 ? Arguments{"its own rows", "the added sums, and the model"} : Arguments{"its own rows"},
         i == 1 ? Arguments{"the other owners' rows, or the sums of one alone: the server passes on the "
                            "total only"}
                : Arguments{"the other owners' rows or sums", "the model, unless owner 1 tells"},
         {}}));
  Party server = server_party(play.folder() / sums_of(1).server);
  server.cannot_see = {"any value of a table", "any owner's sums, or all of them added up", "the model"};
  server.can_see = {"the plan", "how many rows each owner has"};
  out.push_back(holdings(server));
  return out;
}

json play_sums(Play& play, const DemoOptions& options, std::uint64_t rows) {
  play.heading("2. Paillier: three owners add up their sums");
  play.say(
      "The same rows to learn from, a third with each of three owners. Each encrypts the sums that a "
      "regression needs; the server adds them without reading; owner 1 decrypts the total and solves.");
  share_out(play);
  const Way first = sums_of(1);
  Steps steps(play, options);
  steps.run("plan", first.at_owner({"plan", "--data", first.owner + "/table.csv", "--target", kTarget,
                                    "--model", "linear", "--scheme", "paillier", "--job", "aggregate",
                                    "--test-fraction", "0", "--rows", std::to_string(rows)}));
  steps.run("keygen", first.at_owner({"keygen", "--no-passphrase"}));
  play.say(
      "Owner 1 gives the others the plan and how columns are scaled (preparation.json). The public key lies "
      "with "
      "the server.");
  for (int i = 2; i <= kOwners; ++i)
    copy_files(play, first.owner, sums_of(i).owner, {"plan.json", "preparation.json"});
  Arguments aggregate{"aggregate"};
  for (int i = 1; i <= kOwners; ++i) {
    const std::string name = fmt::format("owner-{}", i);
    steps.run("encrypt",
              sums_of(i).at_owner({"encrypt", "--data", sums_of(i).owner + "/table.csv", "--part", name}));
    aggregate.push_back(fmt::format("{}/sums-{}.enc", first.server, name));
  }
  steps.run("train", first.at_server(std::move(aggregate)));
  steps.run("decrypt", first.at_owner({"decrypt"}));
  play.say("For the comparison alone, a referee puts all rows into one folder, as the owners never would.");
  const Way referee{kReferee, first.server};
  copy_files(play, first.owner, referee.owner, {"plan.json", "preparation.json", "model.json"});
  copy_files(play, kCkks.owner, referee.owner, {"train.csv", "test.csv"});

  json out{
      {"label", "Paillier: three owners' sums"},
      {"description",
       "Three owners hold a third of the rows each. Each encrypts the sums of products of its columns, the "
       "server adds them, and the key's holder solves the normal equations."},
      {"can",
       {"join the tables of several owners who show nobody their rows", "give the exact least-squares fit",
        "upload very little: the size does not grow with the rows"}},
      {"cannot",
       {"learn anything but linear models", "hide the added sums from the holder of the key",
        "protect an owner if the server and the key's holder conspire"}}};
  out.update(steps.evaluated(referee.at_owner({})));
  out["bytes"] = sums_bytes(play);
  out["parties"] = sums_parties(play);
  return out;
}

json play_predict(Play& play, const DemoOptions& options) {
  play.heading("3. Paillier: the server's own model on encrypted rows");
  play.say(
      "The owners let a server have their model in the clear. It now predicts rows that it cannot read.");
  const Way sums = sums_of(1);
  copy_files(play, sums.owner, kPredict.server, {"model.json"});
  Steps steps(play, options);
  steps.run("plan",
            kPredict.at_owner({"plan", "--data", kCkks.owner + "/test.csv", "--scheme", "paillier", "--job",
                               "predict", "--preparation", sums.owner + "/preparation.json"}));
  steps.run("keygen", kPredict.at_owner({"keygen", "--no-passphrase"}));
  steps.run("encrypt", kPredict.at_owner({"encrypt"}));
  steps.run("predict", kPredict.at_server({"predict"}));
  const json decrypted = steps.run("decrypt", kPredict.at_owner({"decrypt"}));

  json out{{"label", "Paillier: prediction with a clear model"},
           {"description",
            "A server that has a model of its own applies it to rows that stay encrypted; their owner alone "
            "reads the "
            "predictions."},
           {"can", {"predict on rows that stay encrypted", "keep the model from the rows' owner"}},
           {"cannot", {"learn from encrypted rows", "use a model that is encrypted too"}}};
  out.update(steps.evaluated(kPredict.at_owner({})));
  out.erase("rows_train");
  out.erase("iterations");
  out["bytes"] = predict_bytes(play);
  const double bound = decrypted.at("prediction_error_bound").get<double>();
  out["prediction_error_bound"] = bound;
  out["plots"]["prediction_error_bound"] = bound * salary_unit(play.folder() / kPredict.owner);
  Party server = server_party(play.folder() / kPredict.server);
  server.cannot_see = {"any value of the rows", "the predictions"};
  server.can_see = {"its own model", "how many rows there are"};
  out["parties"] = {holdings({"Owner",
                              "has rows to predict",
                              play.folder() / kPredict.owner,
                              {"its rows and the predictions"},
                              {"the model"},
                              {}}),
                    holdings(server)};
  return out;
}

}  // namespace

json play_salary(Play& play, const DemoOptions& options) {
  const auto given = given_table(options);
  std::vector<std::string> parties{kCkks.owner, kCkks.server, kPredict.owner, kPredict.server,
                                   sums_of(1).server};
  parties.emplace_back(kReferee);
  for (int i = 1; i <= kOwners; ++i) parties.push_back(sums_of(i).owner);
  make_workplace(options.out, parties);
  const DemoTable table =
      given ? *given : make_table(options, "salary", kCkks.owner + "/salary-synthetic.csv");

  play.heading("Salaries, learned from encrypted records, three ways");
  announce(play, table);
  json ckks = play_ckks(play, table, options);
  json sums = play_sums(play, options, ckks.at("rows_train").get<std::uint64_t>());
  json predict = play_predict(play, options);

  json run{{"task", "salary"},
           {"dataset", {{"name", table.name}, {"target", kTarget}, {"synthetic", table.synthetic}}}};
  for (const char* key :
       {"rows_train", "rows_test", "features", "iterations", "interactive", "security_bits", "threads"})
    run[key] = ckks.at(key);
  run["schemes"] = {std::move(ckks), std::move(sums), std::move(predict)};
  run["commands"] = play.commands();
  return run;
}

}  // namespace cloister::app
