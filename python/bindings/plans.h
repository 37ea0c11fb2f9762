#pragma once

#include <nanobind/nanobind.h>

namespace cloister::python {

/// Plan, and the algorithms in the clear that plans promise to be near to.
void add_plans(nanobind::module_& module);

}  // namespace cloister::python
