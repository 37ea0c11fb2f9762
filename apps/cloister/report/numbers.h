#pragma once

#include <span>
#include <string>

namespace cloister::app {

/// A count with its thousands apart: "12 345" (narrow no-break spaces).
std::string format_count(double value);

/// A value to `digits` significant digits, in powers of ten with two digits where it is tiny or huge:
/// "0.04213", "48 213", "3.2×10⁻⁵"; whole numbers whole.
std::string format_value(double value, int digits = 4);

/// A value with exactly so many decimals, for columns that compare.
std::string format_fixed(double value, int decimals);

/// Decimals that show the smallest of `values` to four digits; at most 6.
int decimals_for(std::span<const double> values);

/// A share of 1 in percent with `decimals` digits: "66.77%".
std::string format_percent(double share, int decimals = 2);

/// "31 times" as often as `small` goes into `large` > 0, in one or two digits.
std::string format_times(double large, double small);

/// "1 row", "12 rows".
std::string counted(double count, const std::string& singular, const std::string& plural);

}  // namespace cloister::app
