#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/cloister/report/chart.h"

namespace cloister::app {

/// One amount of a run: a step's seconds, or a thing's bytes.
struct Amount {
  std::string name;  ///< in words
  Role role;         ///< whose it is: owner, server or other
  double value = 0;
};

/// run.seconds in the order of the spine, and run.bytes in the order they travel; other keys follow.
std::vector<Amount> step_seconds(const nlohmann::json& run);
std::vector<Amount> item_bytes(const nlohmann::json& run);

/// What the owner sends before an answer: the evaluation keys and all encrypted rows; none where unknown.
std::optional<double> uploaded_bytes(const nlohmann::json& run);

/// An amount of bytes in words; amounts beyond 64 bits, which no run has, as the largest.
std::string bytes_text(double bytes);

}  // namespace cloister::app
