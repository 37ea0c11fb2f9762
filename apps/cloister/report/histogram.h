#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace cloister::app {

/// How many errors of each size there are, sizes on a logarithmic scale, by sign.
struct ErrorHistogram {
  struct Bin {
    double log10_low = 0, log10_high = 0;  ///< sizes in [10^low, 10^high)
    std::size_t negative = 0, positive = 0;
  };
  std::vector<Bin> bins;    ///< of equal width, adjacent; empty when every error is 0
  std::size_t zeros = 0;    ///< errors of exactly 0, in no bin
  std::size_t smaller = 0;  ///< how many of the first bin are smaller than it says
  std::size_t total = 0;
  double largest = 0;  ///< the largest size
};

/// Bins of a quarter of a power of ten, from at most eight powers below the largest error.
/// Errors must be finite.
ErrorHistogram bin_errors(std::span<const double> errors);

}  // namespace cloister::app
