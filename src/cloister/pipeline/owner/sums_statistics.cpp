#include "cloister/pipeline/owner/sums_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cloister/pipeline/owner/sum_moments.h"

namespace cloister::pipeline {
namespace {

ColumnStatistics column_of(const SumMoments& moments, const paillier::DecryptedSums& sums, std::size_t c,
                           const data::ColumnRange& range, std::uint32_t bins) {
  const double unit = range.unit();  // a power of two: scaling by it is exact
  const long double variance = moments.covariance(c + 1, c + 1);
  ColumnStatistics out;
  out.name = range.name;
  out.mean = unit * static_cast<double>(moments.mean(c + 1));
  out.variance = unit * unit * static_cast<double>(variance);
  out.deviation = unit * static_cast<double>(std::sqrt(variance));
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  out.error_bound = unit * std::exp2(-sums.plan.format.fraction_bits - 1) +
                    kEpsilon * std::max(std::abs(out.mean), out.deviation);
  if (bins == 0) return out;
  out.edges = range.edges(bins);
  const auto counts = std::span(sums.counts).subspan(c * sums.plan.bins, sums.plan.bins);
  out.counts.assign(counts.begin(), counts.end());
  return out;
}

}  // namespace

Statistics statistics_of(const paillier::DecryptedSums& sums, const data::ColumnRanges& ranges) {
  const SumMoments moments(sums);
  const std::size_t d = sums.plan.columns;
  Statistics out{sums.rows, {}, data::Matrix(d, d), data::Matrix(d, d)};
  for (std::size_t i = 0; i < d; ++i)
    out.columns.push_back(column_of(moments, sums, i, ranges.columns()[i], ranges.bins()));
  for (std::size_t i = 0; i < d; ++i)
    for (std::size_t j = 0; j < d; ++j) {
      const long double covariance = moments.covariance(i + 1, j + 1);
      const long double scale =
          std::sqrt(moments.covariance(i + 1, i + 1)) * std::sqrt(moments.covariance(j + 1, j + 1));
      out.covariances(i, j) =
          ranges.columns()[i].unit() * ranges.columns()[j].unit() * static_cast<double>(covariance);
      out.correlations(i, j) =
          scale > 0 ? static_cast<double>(covariance / scale) : std::numeric_limits<double>::quiet_NaN();
    }
  return out;
}

}  // namespace cloister::pipeline
