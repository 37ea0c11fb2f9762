#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/cloister/terminal/text_table.h"
#include "cloister/ml/plan.h"

namespace cloister::app {

/// What a verb says when it is done: text for people, or with --json one object with `verb`, `plan_id`,
/// `seconds`, `bytes` (of the files written), `files`, `peak_memory_bytes`, and what the verb adds.
class StepOutput {
 public:
  /// Starts the clock.
  StepOutput(std::string verb, bool json);

  void belongs_to(const ml::Plan& plan);
  /// A file that was written, and is there.
  void wrote(const std::filesystem::path& path);
  /// For machines.
  nlohmann::ordered_json& details() noexcept { return details_; }
  /// For people: a line, or several. Control characters in it must have been replaced.
  void say(const std::string& text);
  void say(const TextTable& table);
  /// For people: what to do next, at the end.
  void next(const std::string& text) { next_ = text; }

  double seconds() const;
  /// Errors: ResourceError where standard output cannot be written.
  void print() const;

 private:
  std::string text() const;

  std::string verb_, plan_id_, next_, said_;
  bool json_;
  std::chrono::steady_clock::time_point start_;
  std::vector<std::pair<std::string, std::uint64_t>> files_;
  nlohmann::ordered_json details_ = nlohmann::ordered_json::object();
};

/// How tables look on this process's standard output.
TextTable::Style standard_style();

}  // namespace cloister::app
