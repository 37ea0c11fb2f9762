#include "bindings/errors.h"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <utility>
#include <vector>

#include "cloister/base/error.h"

namespace cloister::python {
namespace {

namespace nb = nanobind;

void translate(const std::exception_ptr& p, void*) {
  try {
    std::rethrow_exception(p);
  } catch (const Error& e) {
    const std::string name(info(e.code()).python_name);
    const nb::object type = nb::module_::import_("cloister.errors").attr(name.c_str());
    PyErr_SetObject(type.ptr(), nb::object(type(e.what())).ptr());
  }
}

std::vector<std::pair<std::string, std::string>> error_codes() {
  std::vector<std::pair<std::string, std::string>> out;
  for (const ErrorCodeInfo& row : error_code_table()) out.emplace_back(row.python_name, row.name);
  return out;
}

}  // namespace

void add_errors(nb::module_& module) {
  module.def("error_codes", &error_codes, "The core's table of errors: exception and code of each row.");
  nb::register_exception_translator(translate);
}

}  // namespace cloister::python
