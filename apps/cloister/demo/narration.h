#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/cloister/demo/play.h"
#include "apps/cloister/demo/workplace.h"

namespace cloister::app {

/// Says which table the demo works on, and where that comes from.
void announce(Play& play, const DemoTable& table);

/// Shows the plan that lies in an owner's folder.
void show_plan(Play& play, const std::filesystem::path& owner);

/// Says at the end what happened, in plain words, and how to open the report.
void tell_result(Play& play, const nlohmann::ordered_json& run, const std::filesystem::path& report);

}  // namespace cloister::app
