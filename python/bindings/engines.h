#pragma once

#include <nanobind/nanobind.h>

namespace cloister::python {

/// Adds `_core.engines`: parameters, keys and arithmetic of CKKS and BFV on encrypted rows, for the
/// compatibility layers.
void add_engines(nanobind::module_& module);

}  // namespace cloister::python
