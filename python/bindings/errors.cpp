#include "bindings/errors.h"

#include <string>
#include <vector>

#include "cloister/base/error.h"

namespace cloister::python {
namespace {

namespace nb = nanobind;

// What Python's own programs would catch besides. Everything else has no counterpart.
PyObject* builtin_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kOutOfRange:
      return PyExc_ValueError;
    case ErrorCode::kNotFound:
      return PyExc_LookupError;
    case ErrorCode::kAlreadyExists:
      return PyExc_FileExistsError;
    case ErrorCode::kResourceExhausted:
      return PyExc_MemoryError;
    case ErrorCode::kUnimplemented:
      return PyExc_NotImplementedError;
    case ErrorCode::kCancelled:
      return PyExc_InterruptedError;
    default:
      return nullptr;
  }
}

// By the code's place in the table. The module keeps them alive, and it is never unloaded.
std::vector<PyObject*>& exceptions() {
  static std::vector<PyObject*> types;
  return types;
}

void translate(const std::exception_ptr& p, void*) {
  try {
    std::rethrow_exception(p);
  } catch (const Error& e) {
    nb::object type = nb::borrow(exceptions().at(static_cast<std::size_t>(e.code())));
    nb::object value = type(e.what());
    PyErr_SetObject(type.ptr(), value.ptr());
  }
}

}  // namespace

void add_errors(nb::module_& module) {
  const std::string package = "cloister.";
  nb::object base = nb::steal(PyErr_NewExceptionWithDoc(
      "cloister.Error", "What Cloister cannot do, and what mends it.", PyExc_Exception, nullptr));
  base.attr("code") = "UNKNOWN";
  module.attr("Error") = base;
  exceptions().clear();
  for (const ErrorCodeInfo& row : error_code_table()) {
    nb::tuple bases = nb::make_tuple(base);
    if (PyObject* builtin = builtin_of(row.code)) bases = nb::make_tuple(base, nb::borrow(builtin));
    const std::string name(row.python_name), code(row.name);
    nb::object type = nb::steal(PyErr_NewExceptionWithDoc(
        (package + name).c_str(), ("The error " + code + ".").c_str(), bases.ptr(), nullptr));
    type.attr("code") = code.c_str();
    module.attr(name.c_str()) = type;
    exceptions().push_back(type.ptr());
  }
  nb::register_exception_translator(translate);
}

}  // namespace cloister::python
