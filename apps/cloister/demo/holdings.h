#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace cloister::app {

/// A party of a demo, for the report: what lies in its folder when everything is done.
struct Party {
  std::string name;
  std::string role;
  std::filesystem::path folder;
  std::vector<std::string> can_see, cannot_see;
  /// Files elsewhere that are this party's alone, such as the table it was asked to work on.
  std::vector<std::filesystem::path> elsewhere;
};

/// The party as the report's `parties` has it: each file by what it is, with its size.
nlohmann::ordered_json holdings(const Party& party);

/// Size of a file; 0 if it is not there.
std::uint64_t size_of(const std::filesystem::path& path);

/// The usual server: everything it holds is public or encrypted.
Party server_party(const std::filesystem::path& folder);

}  // namespace cloister::app
