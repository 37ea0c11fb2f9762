#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cloister/data/table.h"

namespace cloister::data::internal {

/// Whether a field stands for a missing value.
bool is_missing_field(std::string_view field) noexcept;

enum class NumberKind {
  kFinite,
  kNotFinite,  ///< infinite, not a number, or beyond a double's range
  kNone,       ///< not written as a number
};
/// Reads a whole field as a decimal number, `value` being set if it is finite. A leading + is allowed.
NumberKind parse_number(std::string_view field, double& value) noexcept;
/// The fewest digits that read back as the same double.
std::string format_number(double value);

/// The line of a text column's first cell that is not a number, or of its first cell with a value.
std::uint64_t first_text_line(const Table& table, const Column& column);

bool is_valid_utf8(std::string_view text) noexcept;
/// Code points of valid UTF-8: the width that a terminal gives most of them.
std::size_t count_code_points(std::string_view text) noexcept;

}  // namespace cloister::data::internal
