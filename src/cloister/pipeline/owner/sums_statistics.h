#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cloister/data/column_ranges.h"
#include "cloister/data/matrix.h"
#include "cloister/paillier/owner/decryptor.h"

namespace cloister::pipeline {

/// Of one column, in its own unit. Variance and deviation are those of the population, divided by n.
struct ColumnStatistics {
  std::string name;
  double mean = 0, variance = 0, deviation = 0;
  /// Of mean and deviation, against the unrounded rows; 0 + rounding to a double where all values were
  /// multiples of the unit's last place.
  double error_bound = 0;
  std::vector<double> edges;          ///< of the histogram, ascending; empty if there is none
  std::vector<std::uint64_t> counts;  ///< below the first edge, between each two, and above the last
};

struct Statistics {
  std::uint64_t rows = 0;  ///< of all owners
  std::vector<ColumnStatistics> columns;
  data::Matrix covariances;   ///< [columns][columns]
  data::Matrix correlations;  ///< likewise; NaN with a column that has one value
};

/// Statistics of decrypted sums, whose columns are those of `ranges` in their units.
///
/// Math of the bound: rounding to fixed point moved every value by at most u = 2^-(f + 1) units. So the mean
/// moved by at most u, and the deviation too: it is the L2 norm of the centred values over sqrt(n), and
/// centring makes no perturbation larger. Both are rounded to a double.
Statistics statistics_of(const paillier::DecryptedSums& sums, const data::ColumnRanges& ranges);

}  // namespace cloister::pipeline
