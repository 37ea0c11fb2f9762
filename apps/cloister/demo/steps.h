#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/cloister/demo/play.h"
#include "apps/cloister/demo/workplace.h"

namespace cloister::app {

using Arguments = std::vector<std::string>;

/// The steps of one job, measured under the report's keys: plan, keygen, encrypt, train, predict, decrypt.
class Steps {
 public:
  Steps(Play& play, const DemoOptions& options) : play_(play), options_(options) {}

  /// Runs a command with the demo's threads. Seconds of the same key add up, and of memory the most counts.
  nlohmann::ordered_json run(const char* key, Arguments arguments);

  /// Runs `evaluate` with the given arguments after it, and gives what it found with what was measured: a
  /// finished job as the report takes it.
  nlohmann::ordered_json evaluated(Arguments arguments);

 private:
  StepResult play_with_threads(Arguments arguments);

  Play& play_;
  const DemoOptions& options_;
  nlohmann::ordered_json seconds_ = nlohmann::ordered_json::object();
  nlohmann::ordered_json memory_ = nlohmann::ordered_json::object();
};

}  // namespace cloister::app
