#pragma once

#include <cstdint>
#include <string>

namespace cloister::app {

/// A size in decimal units with three significant digits: "17 bytes", "12.3 kB", "683 MB".
std::string format_bytes(std::uint64_t bytes);

/// A duration: "0 s", "350 µs", "12 ms", "1.23 s", "45.6 s", "2 min 05 s", "1 h 02 min", "3 d 04 h".
/// Errors: ParametersError unless finite and at least 0.
std::string format_seconds(double seconds);

/// A probability as a percentage, or as "1 in 2^40" where a percentage would say nothing. Rounding never
/// makes a possible event impossible or a likely one certain: "0%" and "100%" mean exactly that.
/// Errors: ParametersError unless in [0, 1].
std::string format_probability(double probability);

}  // namespace cloister::app
