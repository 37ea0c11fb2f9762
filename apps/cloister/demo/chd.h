#pragma once

#include <nlohmann/json.hpp>

#include "apps/cloister/demo/play.h"
#include "apps/cloister/demo/workplace.h"

namespace cloister::app {

/// Heart disease: one owner, one server, a logistic regression trained on encrypted rows. Gives the run as
/// the report takes it.
nlohmann::ordered_json play_chd(Play& play, const DemoOptions& options);

}  // namespace cloister::app
