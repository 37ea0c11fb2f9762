#pragma once

#include <nlohmann/json.hpp>

#include "apps/cloister/demo/play.h"
#include "apps/cloister/demo/workplace.h"

namespace cloister::app {

/// Salaries, three ways on the same rows: CKKS trains on one owner's encrypted rows; Paillier adds three
/// owners' encrypted sums; Paillier predicts with the model in the clear. Gives the run as the report takes
/// it, with an entry in `schemes` for each way.
nlohmann::ordered_json play_salary(Play& play, const DemoOptions& options);

}  // namespace cloister::app
