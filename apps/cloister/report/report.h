#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace cloister::app {

/// The page that shows `run`, an object of the keys in this folder's README: one self-contained HTML
/// document that loads nothing.
/// Errors: ParametersError where `run` is no object, lacks `task`, or contradicts itself.
std::string render_report(const nlohmann::json& run);

}  // namespace cloister::app
