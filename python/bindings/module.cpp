#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "bindings/engines.h"
#include "bindings/errors.h"
#include "bindings/paillier.h"
#include "bindings/pipeline.h"
#include "bindings/plans.h"
#include "cloister/kernels/kernel_table.h"

NB_MODULE(_core, module) {
  module.doc() = "What the package's modules are made on: the schemes and the steps of the pipeline.";
  cloister::python::add_errors(module);
  cloister::python::add_plans(module);
  cloister::python::add_paillier(module);
  cloister::python::add_pipeline(module);
  cloister::python::add_engines(module);
  module.def(
      "kernels", [] { return std::string(name(cloister::select_kernels().target)); },
      "The vector instructions that this machine's kernels use.");
}
