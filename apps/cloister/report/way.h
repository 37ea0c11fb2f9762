#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace cloister::app {

/// The heading of the `index`-th entry of run.schemes: its label, its scheme, or a number.
std::string way_name(const nlohmann::json& way, std::size_t index);

/// The prefix of the ids in its section.
std::string way_id(std::size_t index);

}  // namespace cloister::app
