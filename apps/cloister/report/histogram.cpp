#include "apps/cloister/report/histogram.h"

#include <algorithm>
#include <cmath>

namespace cloister::app {
namespace {

constexpr int kBinsPerDecade = 4, kDecades = 8;

int bin_index(double size) { return static_cast<int>(std::floor(std::log10(size) * kBinsPerDecade)); }

}  // namespace

ErrorHistogram bin_errors(std::span<const double> errors) {
  ErrorHistogram result;
  result.total = errors.size();
  double smallest = 0;
  for (const double error : errors) {
    const double size = std::abs(error);
    if (size == 0)
      ++result.zeros;
    else
      smallest = smallest == 0 ? size : std::min(smallest, size);
    result.largest = std::max(result.largest, size);
  }
  if (result.largest == 0) return result;

  const int last = bin_index(result.largest);
  const int first = std::max(bin_index(smallest), last - kBinsPerDecade * kDecades + 1);
  for (int i = first; i <= last; ++i)
    result.bins.push_back(
        {static_cast<double>(i) / kBinsPerDecade, static_cast<double>(i + 1) / kBinsPerDecade});
  for (const double error : errors) {
    if (error == 0) continue;
    const int index = bin_index(std::abs(error));
    if (index < first) ++result.smaller;
    ErrorHistogram::Bin& bin = result.bins[static_cast<std::size_t>(std::max(index - first, 0))];
    ++(error < 0 ? bin.negative : bin.positive);
  }
  return result;
}

}  // namespace cloister::app
