#include "apps/cloister/owner_folder.h"

#include <system_error>

namespace cloister::app {

namespace fs = std::filesystem;

void add_owner_option(CLI::App& verb, std::string& folder) {
  verb.add_option("--owner", folder, "Folder that is private to the data's owner")->capture_default_str();
}

void make_owner_folder(const fs::path& path) {
  if (!fs::create_directories(path)) return;
  fs::permissions(path, fs::perms::owner_all);
}

void make_server_folder(const fs::path& path) { fs::create_directories(path); }

NewFiles::~NewFiles() {
  std::error_code ignored;  // the error that brought us here is the one to tell
  for (const auto& path : paths_) fs::remove(path, ignored);
}

}  // namespace cloister::app
