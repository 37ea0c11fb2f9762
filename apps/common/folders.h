#pragma once

#include <filesystem>
#include <string>

#include "cloister/base/file.h"

namespace cloister::app {

/// The files of a server's folder: everything that may leave the owner.
struct ServerFolder {
  std::filesystem::path root;

  std::filesystem::path plan() const { return root / "plan.json"; }
  std::filesystem::path evaluation_keys() const { return root / "evaluation.keys"; }
  std::filesystem::path public_key() const { return root / "public.key"; }
  std::filesystem::path training_rows() const { return root / "train.enc"; }
  std::filesystem::path rows(const std::string& name) const { return root / with_name("rows", name, ".enc"); }
  std::filesystem::path encrypted_model() const { return root / "model.enc"; }
  std::filesystem::path checkpoints() const { return root / "training.checkpoints"; }
  std::filesystem::path clear_model() const { return root / "model.json"; }
  std::filesystem::path predictions(const std::string& name) const {
    return root / with_name("predictions", name, ".enc");
  }
  std::filesystem::path part(const std::string& name) const { return root / with_name("sums", name, ".enc"); }
  std::filesystem::path sums() const { return root / "sums.enc"; }

  /// "stem-name.suffix", or "stem.suffix" without a name.
  static std::string with_name(const std::string& stem, const std::string& name, const std::string& suffix);
};

/// Throws kNotFound, saying which step makes it, unless `path` is there.
void require_present(const std::filesystem::path& path, const std::string& mend);

}  // namespace cloister::app
