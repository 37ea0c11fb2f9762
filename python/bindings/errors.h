#pragma once

#include <nanobind/nanobind.h>

namespace cloister::python {

/// Has every cloister::Error arrive in Python as the exception of its code: that of cloister/errors.py under
/// the row's python_name in error_code_table(). Adds the table, [(python_name, name), ...], as `error_codes`.
void add_errors(nanobind::module_& module);

}  // namespace cloister::python
