#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "apps/common/folders.h"

namespace cloister::app {

/// The files of an owner's folder. Nothing of it leaves the owner but what plan.json says, which is public.
struct OwnerFolder {
  std::filesystem::path root;

  std::filesystem::path plan() const { return root / "plan.json"; }
  std::filesystem::path preparation() const { return root / "preparation.json"; }
  /// Of statistics: what all owners agree on.
  std::filesystem::path columns() const { return root / "columns.json"; }
  std::filesystem::path statistics() const { return root / "statistics.json"; }
  std::filesystem::path statistics_table() const { return root / "statistics.csv"; }
  std::filesystem::path histograms() const { return root / "histograms.csv"; }
  std::filesystem::path schema() const { return root / "schema.json"; }
  std::filesystem::path training_rows() const { return root / "train.csv"; }
  std::filesystem::path test_rows() const { return root / "test.csv"; }
  std::filesystem::path secret_key() const { return root / "secret.key"; }
  /// Which lines of which file were encrypted for prediction.
  std::filesystem::path rows(const std::string& name) const {
    return root / ServerFolder::with_name("rows", name, ".json");
  }
  std::filesystem::path model() const { return root / "model.json"; }
  std::filesystem::path predictions(const std::string& name) const {
    return root / ServerFolder::with_name("predictions", name, ".csv");
  }
  std::filesystem::path metrics() const { return root / "metrics.json"; }
  std::filesystem::path releases() const { return root / "releases.json"; }
  std::filesystem::path report() const { return root / "report.html"; }
};

/// Adds `--owner DIR`.
void add_owner_option(CLI::App& verb, std::string& folder);

/// Makes a folder, and those above it, unless it is there; one that it makes for the owner is for nobody
/// else.
void make_owner_folder(const std::filesystem::path& path);
void make_server_folder(const std::filesystem::path& path);

/// Files that one step writes and that make sense only together: those that were added are removed again
/// unless keep() is reached.
class NewFiles {
 public:
  NewFiles() = default;
  ~NewFiles();
  NewFiles(const NewFiles&) = delete;
  NewFiles& operator=(const NewFiles&) = delete;

  /// A file that this step has just written under its name.
  void add(std::filesystem::path path) { paths_.push_back(std::move(path)); }
  void keep() noexcept { paths_.clear(); }

 private:
  std::vector<std::filesystem::path> paths_;
};

}  // namespace cloister::app
