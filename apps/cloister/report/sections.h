#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace cloister::app {

/// Where a section stands: the prefix of its elements' ids and the level of its heading.
struct Place {
  std::string id;
  int level = 2;
};

/// Each renders what `run` has for it, and nothing where it has nothing.
/// Errors: ParametersError where arrays that belong together have unequal lengths.
std::string key_figures(const nlohmann::json& run);
std::string quality_section(const nlohmann::json& run, const Place& place);
std::string weights_section(const nlohmann::json& run, const Place& place);
std::string error_section(const nlohmann::json& run, const Place& place);
std::string cost_section(const nlohmann::json& run, const Place& place);
std::string plan_section(const nlohmann::json& run, const Place& place);
std::string parties_section(const nlohmann::json& run, const Place& place);
std::string commands_section(const nlohmann::json& run, const Place& place);

/// All of the above, in the order a reader asks.
std::string run_sections(const nlohmann::json& run, const Place& place);

/// The ways of `run.schemes` side by side: what each can do, what it costs.
std::string comparison_section(const nlohmann::json& run, const Place& place);

/// The page's title and first paragraph, given or made from the figures.
std::string report_title(const nlohmann::json& run);
std::string report_summary(const nlohmann::json& run);

}  // namespace cloister::app
