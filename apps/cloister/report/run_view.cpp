#include "apps/cloister/report/run_view.h"

#include <algorithm>
#include <cmath>

#include "apps/cloister/report/numbers.h"
#include "cloister/base/error.h"

namespace cloister::app {
namespace {

using nlohmann::json;
using Path = std::initializer_list<const char*>;

std::optional<double> finite(const json& value) {
  if (!value.is_number()) return std::nullopt;
  const double number = value.get<double>();
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::string joined(Path path) {
  std::string out;
  for (const char* part : path) out += (out.empty() ? "" : ".") + std::string(part);
  return out;
}

const json* array_at(const json& node, Path path) {
  const json* value = member(node, path);
  return value != nullptr && value->is_array() ? value : nullptr;
}

}  // namespace

const json* member(const json& node, Path path) {
  const json* here = &node;
  for (const char* part : path) {
    if (!here->is_object()) return nullptr;
    const auto found = here->find(part);
    if (found == here->end()) return nullptr;
    here = &*found;
  }
  return here;
}

std::optional<double> number(const json& node, Path path) {
  const json* value = member(node, path);
  return value == nullptr ? std::nullopt : finite(*value);
}

std::optional<double> non_negative(const json& node, Path path) {
  const auto value = number(node, path);
  return value && *value >= 0 ? value : std::nullopt;
}

std::string text(const json& node, Path path) {
  const json* value = member(node, path);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::optional<bool> truth(const json& node, Path path) {
  const json* value = member(node, path);
  return value != nullptr && value->is_boolean() ? std::optional(value->get<bool>()) : std::nullopt;
}

std::vector<std::string> texts(const json& node, Path path) {
  std::vector<std::string> out;
  if (const json* array = array_at(node, path))
    for (const json& element : *array)
      if (element.is_string()) out.push_back(element.get<std::string>());
  return out;
}

std::vector<const json*> objects(const json& node, Path path) {
  std::vector<const json*> out;
  if (const json* array = array_at(node, path))
    for (const json& element : *array)
      if (element.is_object()) out.push_back(&element);
  return out;
}

std::vector<double> numbers(const json& node, Path path) {
  std::vector<double> out;
  const json* array = array_at(node, path);
  if (array == nullptr) return out;
  for (const json& element : *array) {
    const auto value = finite(element);
    if (!value)
      throw ParametersError("report: " + joined(path) + "[" + std::to_string(out.size()) +
                            "] is not a finite number; give numbers alone, or leave the key out");
    out.push_back(*value);
  }
  return out;
}

Points points(const json& node, Path path) {
  Points out;
  const json* array = array_at(node, path);
  if (array == nullptr) return out;
  for (const json& element : *array) {
    const bool pair = element.is_array() && element.size() == 2;
    const auto x = pair ? finite(element[0]) : std::nullopt;
    const auto y = pair ? finite(element[1]) : std::nullopt;
    if (!x || !y)
      throw ParametersError("report: " + joined(path) + "[" + std::to_string(out.size()) +
                            "] is not a pair of finite numbers; give [x, y] pairs, or leave the key out");
    out.emplace_back(*x, *y);
  }
  return out;
}

std::string value_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_number())
    return std::isfinite(value.get<double>()) ? format_value(value.get<double>()) : "none";
  if (value.is_null() || value.empty()) return "none";
  std::string out;
  for (const auto& [key, element] : value.items())
    out += (out.empty() ? "" : ", ") + (value.is_object() ? key + ": " : std::string()) + value_text(element);
  return out;
}

std::vector<std::pair<std::string, double>> ordered_amounts(const json& node, const char* key, Path order) {
  std::vector<std::pair<std::string, double>> out;
  for (const char* name : order)
    if (const auto value = non_negative(node, {key, name})) out.emplace_back(name, *value);
  const json* object = member(node, {key});
  if (object == nullptr || !object->is_object()) return out;
  for (const auto& item : object->items()) {
    const auto value = finite(item.value());
    const bool known = std::ranges::any_of(order, [&](const char* name) { return item.key() == name; });
    if (value && *value >= 0 && !known) out.emplace_back(item.key(), *value);
  }
  return out;
}

std::optional<double> total(const json& node, const char* key) {
  const auto amounts = ordered_amounts(node, key, {});
  if (amounts.empty()) return std::nullopt;
  double sum = 0;
  for (const auto& [name, amount] : amounts) sum += amount;
  return sum;
}

}  // namespace cloister::app
