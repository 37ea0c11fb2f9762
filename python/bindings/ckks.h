#pragma once

#include <nanobind/nanobind.h>

namespace cloister::python {

/// Adds `_core.ckks`: parameters, keys and arithmetic on encrypted rows, for the compatibility layers.
void add_ckks(nanobind::module_& module);

}  // namespace cloister::python
