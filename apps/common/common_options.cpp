#include "apps/common/common_options.h"

#include <algorithm>

namespace cloister::app {
namespace {

constexpr int kMaxThreads = 1024;
constexpr std::size_t kMaxNamePart = 64;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

void add_common_options(CLI::App& verb, CommonOptions& options) {
  verb.add_flag("--json", options.json,
                "Print one JSON object for machines, and nothing else, on standard output");
  verb.add_flag("--verbose", options.verbose, "One line for each finished stage on standard error");
  verb.add_option("--threads", options.threads, "Threads to work with (default: all of the machine's)")
      ->check(CLI::Range(1, kMaxThreads));
}

void add_server_option(CLI::App& verb, std::string& folder) {
  verb.add_option("--server", folder, "Folder of everything that may leave the owner")->capture_default_str();
}

void add_map_keys_option(CLI::App& verb, std::string& choice) {
  verb.add_option(
          "--map-keys", choice,
          "Map the evaluation keys from a file made once beside them, rather than hold them in memory; "
          "auto: where they take 1 GB or more and the disk has room")
      ->check(CLI::IsMember({"auto", "on", "off"}))
      ->capture_default_str();
}

pipeline::KeyMemory key_memory_of(const std::string& choice) {
  if (choice == "on") return pipeline::KeyMemory::kMapped;
  return choice == "off" ? pipeline::KeyMemory::kLoaded : pipeline::KeyMemory::kAutomatic;
}

void add_name_option(CLI::App& verb, std::string& name) {
  verb.add_option("--name", name,
                  "Name of this table of rows, where there are several (part of the file names)")
      ->check(file_name_part());
}

CLI::Validator file_name_part() {
  return CLI::Validator(
      [](const std::string& text) {
        const bool good =
            !text.empty() && text.size() <= kMaxNamePart && std::ranges::all_of(text, is_name_character);
        return good ? std::string() : std::string("use letters, digits, - and _ alone");
      },
      "NAME");
}

}  // namespace cloister::app
