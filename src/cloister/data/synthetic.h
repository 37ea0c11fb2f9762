#pragma once

#include <cstddef>
#include <cstdint>

#include "cloister/data/table.h"

namespace cloister::data {

// Tables made by a program, for trying Cloister without data. No row describes anybody; columns, types
// and ranges are those of two public data sets, with round-number marginals, and the targets follow the
// models stated here. The same rows and seed give the same table everywhere.

/// Ten-year risk of coronary heart disease: 16 columns, target `TenYearCHD`, about 15% positive and one
/// row in seven incomplete.
/// Math: P(TenYearCHD = 1) = 1 / (1 + exp(-z)), z = -2.55 + 0.6 male + 0.075 (age - 50)
///   + 0.02 cigsPerDay + 0.6 prevalentStroke + 0.2 prevalentHyp + 0.002 (totChol - 235)
///   + 0.014 (sysBP - 130) + 0.008 (glucose - 80). The AUC of z is about 0.74.
Table synthetic_chd(std::size_t rows, std::uint64_t seed);

/// Salaries: 5 columns, target `salary`, all integers and none missing.
/// Math: salary = 2500 + 20 (age - 41) + 450 (healthy_eating - 5) - 150 (active_lifestyle - 5.5)
///   + 200 (Gender - 0.5) + 390 e, e of mean 0 and variance 1; kept in [500, 6000]. R2 is about 0.86.
Table synthetic_salary(std::size_t rows, std::uint64_t seed);

}  // namespace cloister::data
