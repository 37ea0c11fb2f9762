#include "apps/common/workbench.h"

#include <cstdlib>

namespace cloister::app {

const KernelTable& kernels_of_environment() {
  const char* target = std::getenv("CLOISTER_TARGET");
  return select_kernels(target == nullptr ? "" : target);
}

Workbench::Workbench(const CommonOptions& options)
    : kernels_(&kernels_of_environment()),
      pool_(options.threads),
      bar_(ProgressBarSettings::standard_error(options.verbose && !options.json, &interrupt_)) {}

}  // namespace cloister::app
