#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "cloister/base/error.h"

namespace cloister::data::internal {

/// A JSON file of ours that lacks something or holds what it must not.
[[noreturn]] inline void fail_json(const std::string& what, const std::string& problem) {
  throw Error(ErrorCode::kDataLoss,
              what + ": " + problem + "; the file is damaged or foreign, make it again");
}

/// The field `name` of an object as a T. Throws DataLoss naming the field, also on a number that a T
/// cannot hold.
template <typename T>
T json_field(const nlohmann::json& object, const char* name, const char* what) {
  const auto bad = [&] {
    fail_json(what, std::string("field \"") + name + "\" is missing or of a wrong type");
  };
  if (!object.is_object()) fail_json(what, "an object is expected");
  const auto it = object.find(name);
  if (it == object.end()) bad();
  if constexpr (std::is_same_v<T, double>) {
    if (!it->is_number()) bad();
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!it->is_boolean()) bad();
  } else if constexpr (std::is_unsigned_v<T>) {
    const bool negative = it->is_number_integer() && !it->is_number_unsigned() && *it < 0;
    if (!it->is_number_integer() || negative || *it > std::numeric_limits<T>::max()) bad();
  }
  try {
    T value = it->template get<T>();
    if constexpr (std::is_same_v<T, double>)
      if (!std::isfinite(value)) bad();
    return value;
  } catch (const nlohmann::json::exception&) {
    bad();
  }
  throw InternalError("json_field");
}

/// The names under which an enum's values are written.
template <typename E, std::size_t N>
using EnumNames = std::array<std::pair<E, std::string_view>, N>;

template <typename E, std::size_t N>
std::string_view enum_name(const EnumNames<E, N>& names, E value) {
  for (const auto& [e, name] : names)
    if (e == value) return name;
  throw InternalError("an enum has a value without a name");
}

template <typename E, std::size_t N>
E json_enum(const EnumNames<E, N>& names, const nlohmann::json& object, const char* field, const char* what) {
  const auto text = json_field<std::string>(object, field, what);
  for (const auto& [e, name] : names)
    if (name == text) return e;
  fail_json(what, std::string("field \"") + field + "\" has an unknown value");
}

}  // namespace cloister::data::internal
