#pragma once

#include <nanobind/nanobind.h>

namespace cloister::python {

/// The steps of the pipeline, from files to files: those of owners, and those of servers.
void add_pipeline(nanobind::module_& module);

}  // namespace cloister::python
