#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/cloister/report/chart.h"

namespace cloister::app {

/// The member at `path`, or null where a part of the path is missing or no object.
const nlohmann::json* member(const nlohmann::json& node, std::initializer_list<const char*> path);

/// A finite number, a text, a truth, or none.
std::optional<double> number(const nlohmann::json& node, std::initializer_list<const char*> path);
std::optional<double> non_negative(const nlohmann::json& node, std::initializer_list<const char*> path);
std::string text(const nlohmann::json& node, std::initializer_list<const char*> path);
std::optional<bool> truth(const nlohmann::json& node, std::initializer_list<const char*> path);

/// The elements of an array that are of the kind; empty where there is no array.
std::vector<std::string> texts(const nlohmann::json& node, std::initializer_list<const char*> path);
std::vector<const nlohmann::json*> objects(const nlohmann::json& node,
                                           std::initializer_list<const char*> path);

/// Arrays of figures, empty where absent.
/// Errors: ParametersError that names the key, where an element is not a finite number (or pair of them).
std::vector<double> numbers(const nlohmann::json& node, std::initializer_list<const char*> path);
Points points(const nlohmann::json& node, std::initializer_list<const char*> path);

/// Any value as a short text: "yes", "3 600", "a, b"; an object as "name: value, ...".
std::string value_text(const nlohmann::json& value);

/// Keys of the object at `path` whose value is a number of at least 0: those of `order` first, in that order,
/// then the others.
std::vector<std::pair<std::string, double>> ordered_amounts(const nlohmann::json& node, const char* key,
                                                            std::initializer_list<const char*> order);

/// The sum of the amounts of an object of numbers; none where there are none.
std::optional<double> total(const nlohmann::json& node, const char* key);

}  // namespace cloister::app
