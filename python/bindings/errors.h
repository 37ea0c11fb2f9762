#pragma once

#include <nanobind/nanobind.h>

namespace cloister::python {

/// Adds the package's exceptions to the module: Error and, derived from it, one for each row of
/// error_code_table(), under its python_name; and has every cloister::Error arrive in Python as the one of
/// its code, with the attribute `code`.
void add_errors(nanobind::module_& module);

}  // namespace cloister::python
