#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cloister/data/preparation.h"

namespace cloister::data::internal {

/// `column "name"`, as errors begin.
std::string quoted(const std::string& column_name);

/// Throws ParametersError if the spec contradicts itself, NotFound if it names an absent column.
void validate(const PreparationSpec& spec, const Table& table);

/// The columns to learn from, in the table's order.
std::vector<const Column*> feature_columns(const Table& table, const PreparationSpec& spec);

/// Those of `rows` that training may use: with a target, and with all values that the policy asks for.
/// Throws ParametersError if none is left.
std::vector<std::size_t> usable_rows(const Table& table, const PreparationSpec& spec,
                                     std::span<const std::size_t> rows);
/// All indices below `count`.
std::vector<std::size_t> all_rows(std::size_t count);

/// The name of a target cell's class: its text, or its number in the fewest digits.
std::string class_name(const Column& target, std::size_t row);
/// The negative and the positive class. Throws ParametersError unless there are exactly two.
std::pair<std::string, std::string> two_classes(const Column& target, std::span<const std::size_t> rows);

}  // namespace cloister::data::internal
