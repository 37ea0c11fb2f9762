#pragma once

#include <nlohmann/json.hpp>

#include "cloister/ml/method_choice.h"
#include "cloister/ml/newton_schedule.h"

namespace cloister::ml {

/// The parts of a plan's file that tell of its method.
nlohmann::ordered_json newton_schedule_json(const NewtonSchedule& schedule);
nlohmann::ordered_json methods_json(const MethodComparison& methods);
/// Throws DecodeError, or nlohmann's exceptions, for what no planner says.
MethodComparison methods_from(const nlohmann::ordered_json& json);

}  // namespace cloister::ml
