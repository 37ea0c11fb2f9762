#include "apps/cloister/demo/holdings.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace cloister::app {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

struct Known {
  std::string_view name;
  std::string_view what;
  bool secret = false;
};

// In the order of the spine.
constexpr std::array kOfAnOwner{
    Known{"plan.json", "Plan"},
    Known{"schema.json", "Schema: the columns' types and ranges", true},
    Known{"preparation.json", "Preparation: means and scales of the columns", true},
    Known{"train.csv", "Rows to train on, in the clear", true},
    Known{"test.csv", "Rows to predict, in the clear", true},
    Known{"secret.key", "Secret key", true},
    Known{"public.key", "Public key"},
    Known{"rows.json", "Which rows were encrypted to be predicted", true},
    Known{"model.json", "Model, decrypted", true},
    Known{"predictions.csv", "Predictions, decrypted", true},
    Known{"metrics.json", "Evaluation", true}};
constexpr std::array kOfAServer{Known{"plan.json", "Plan"},
                                Known{"evaluation.keys", "Evaluation keys"},
                                Known{"public.key", "Public key"},
                                Known{"train.enc", "Rows to train on, encrypted"},
                                Known{"rows.enc", "Rows to predict, encrypted"},
                                Known{"model.enc", "Model, encrypted"},
                                Known{"model.json", "Its own model, in the clear"},
                                Known{"sums.enc", "The owners' sums added up, encrypted"},
                                Known{"predictions.enc", "Predictions, encrypted"}};

json item(const fs::path& path, std::string what, bool secret) {
  json out{{"item", what + " (" + path.filename().string() + ")"}, {"bytes", size_of(path)}};
  if (secret) out["secret"] = true;
  return out;
}

/// Every file of the folder: the known ones first, in their order, then the others by name. What the table
/// does not know is secret where the folder is an owner's.
template <std::size_t kCount>
json files_of(const fs::path& folder, const std::array<Known, kCount>& table, bool owner) {
  json out = json::array();
  for (const Known& known : table)
    if (fs::is_regular_file(folder / known.name))
      out.push_back(item(folder / known.name, std::string(known.what), known.secret));
  std::vector<fs::path> others;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file() &&
        std::ranges::find(table, entry.path().filename().string(), &Known::name) == table.end())
      others.push_back(entry.path());
  std::ranges::sort(others);
  for (const fs::path& path : others) {
    const std::string name = path.filename().string();
    const bool sums = name.starts_with("sums-") && path.extension() == ".enc";
    const std::string what = sums                         ? "One owner's sums, encrypted"
                             : path.extension() == ".csv" ? "Table, in the clear"
                                                          : "File";
    out.push_back(item(path, what, owner && !sums));
  }
  return out;
}

}  // namespace

std::uint64_t size_of(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return error ? 0 : size;
}

json holdings(const Party& party) {
  const bool server = party.folder.filename() == "server";
  json out{{"party", party.name}, {"role", party.role}};
  out["holds"] =
      server ? files_of(party.folder, kOfAServer, false) : files_of(party.folder, kOfAnOwner, true);
  for (const fs::path& path : party.elsewhere)
    out["holds"].insert(out["holds"].begin(), item(path, "Table, in the clear", true));
  if (!party.can_see.empty()) out["can_see"] = party.can_see;
  if (!party.cannot_see.empty()) out["cannot_see"] = party.cannot_see;
  return out;
}

Party server_party(const fs::path& folder) {
  return {"Server",
          "does the work",
          folder,
          {"the plan: how many rows, columns and iterations", "sizes of files, and how long the work takes"},
          {"any value of the table", "the weights of the model", "the predictions"},
          {}};
}

}  // namespace cloister::app
