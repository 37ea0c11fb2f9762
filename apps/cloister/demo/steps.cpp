#include "apps/cloister/demo/steps.h"

#include <algorithm>

namespace cloister::app {

using json = nlohmann::ordered_json;

StepResult Steps::play_with_threads(Arguments arguments) {
  if (options_.common.threads > 0) {
    arguments.emplace_back("--threads");
    arguments.push_back(std::to_string(options_.common.threads));
  }
  return play_.run(std::move(arguments));
}

json Steps::run(const char* key, Arguments arguments) {
  StepResult result = play_with_threads(std::move(arguments));
  seconds_[key] = seconds_.value(key, 0.0) + result.seconds;
  const auto bytes = result.output.value("peak_memory_bytes", std::uint64_t{0});
  memory_[key] = std::max(memory_.value(key, std::uint64_t{0}), bytes);
  return std::move(result.output);
}

json Steps::evaluated(Arguments arguments) {
  arguments.insert(arguments.begin(), "evaluate");
  json out = play_with_threads(std::move(arguments)).output.at("metrics");
  out["threads"] = thread_count(options_);
  out["seconds"] = seconds_;
  out["peak_memory_bytes"] = memory_;
  return out;
}

}  // namespace cloister::app
