#pragma once

#include <nanobind/nanobind.h>

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>

#include "cloister/base/error.h"

namespace cloister::python {

namespace nb = nanobind;

/// Keyword arguments, each taken by its name into what it stands for. Whatever is of a wrong kind is refused
/// with ParametersError, which says what was given and what is needed.
class RequestArguments {
 public:
  explicit RequestArguments(const nb::kwargs& given) : given_(given) {}

  /// Leaves `into` as it is where the argument is not given.
  template <typename Value>
  void take(const char* name, Value& into) {
    if (const nb::object value = take(name); value.is_valid()) into = read<Value>(name, value);
  }
  /// None stands for what is not given.
  template <typename Value>
  void take(const char* name, std::optional<Value>& into) {
    if (const nb::object value = take(name); value.is_valid() && !value.is_none())
      into = read<Value>(name, value);
  }
  template <typename Value>
  void take(const char* name, Value& into, const std::map<std::string, Value>& choices) {
    const nb::object value = take(name);
    if (!value.is_valid()) return;
    const auto found = nb::isinstance<nb::str>(value) ? choices.find(nb::str(value).c_str()) : choices.end();
    if (found == choices.end()) {
      std::string known;
      for (const auto& [choice, _] : choices) known += (known.empty() ? "" : ", ") + choice;
      refuse(name, value, "one of " + known);
    }
    into = found->second;
  }

  /// Refuses a name that none was taken by, and says which there are, the nearest first.
  void require_no_others() const {
    for (const auto [name, _] : given_) {
      if (PySequence_Contains(names_.ptr(), nb::handle(name).ptr()) == 1) continue;
      const nb::object sorted =
          nb::module_::import_("difflib").attr("get_close_matches")(name, names_, nb::len(names_), 0.0);
      throw ParametersError("a plan has no '" + text_of(name) + "'; it has " +
                            text_of(nb::str(", ").attr("join")(sorted)));
    }
  }

 private:
  static std::string text_of(nb::handle value) { return nb::str(value).c_str(); }

  [[noreturn]] static void refuse(const char* name, nb::handle value, const std::string& needed) {
    constexpr std::size_t kMostShown = 60;
    std::string shown = text_of(nb::repr(value));
    if (shown.size() > kMostShown) shown = "of type " + text_of(nb::handle(value.type()).attr("__name__"));
    throw ParametersError(std::string(name) + " is " + shown + "; give " + needed);
  }

  nb::object take(const char* name) {
    names_.append(name);
    return given_.contains(name) ? nb::object(given_[name]) : nb::object();
  }

  template <typename Value>
  static Value read(const char* name, const nb::object& value) {
    if constexpr (std::is_same_v<Value, bool>) {
      if (!PyBool_Check(value.ptr())) refuse(name, value, "True or False");
      return value.is(nb::bool_(true));
    } else if constexpr (std::is_floating_point_v<Value>) {
      return read_number(name, value);
    } else {
      return read_whole<Value>(name, value);
    }
  }

  // Also NumPy's: what has __float__ or __index__, but for text, which Python reads as well.
  static double read_number(const char* name, const nb::object& value) {
    if (PyUnicode_Check(value.ptr()) || PyBytes_Check(value.ptr()) || PyBool_Check(value.ptr()))
      refuse(name, value, "a number");
    const nb::object number = nb::steal(PyNumber_Float(value.ptr()));
    if (!number.is_valid()) {
      PyErr_Clear();
      refuse(name, value, "a number");
    }
    return PyFloat_AsDouble(number.ptr());
  }

  // Also NumPy's; no float, whole or not.
  template <typename Value>
  static Value read_whole(const char* name, const nb::object& value) {
    constexpr Value kLeast = std::numeric_limits<Value>::min(), kMost = std::numeric_limits<Value>::max();
    if (!PyIndex_Check(value.ptr()) || PyBool_Check(value.ptr())) refuse(name, value, "a whole number");
    const nb::object whole = nb::steal(PyNumber_Index(value.ptr()));
    if (!whole.is_valid()) {  // an array of several
      PyErr_Clear();
      refuse(name, value, "a whole number");
    }
    Value out{};
    if (!nb::try_cast(whole, out))
      refuse(name, value, "a whole number from " + std::to_string(kLeast) + " to " + std::to_string(kMost));
    return out;
  }

  const nb::kwargs& given_;
  nb::list names_;
};

}  // namespace cloister::python
