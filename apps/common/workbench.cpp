#include "apps/common/workbench.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "apps/cloister/terminal/text.h"

namespace cloister::app {

const KernelTable& kernels_of_environment() {
  const char* target = std::getenv("CLOISTER_TARGET");
  return select_kernels(target == nullptr ? "" : target);
}

Workbench::Workbench(const CommonOptions& options)
    : kernels_(&kernels_of_environment()),
      pool_(options.threads),
      bar_(ProgressBarSettings::standard_error(options.verbose && !options.json, &interrupt_)) {}

void Workbench::Lines::say(const std::string& sentence) noexcept try {
  bar_->finish();
  const std::string line = "note: " + sanitized(sentence) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
} catch (...) {  // a note is lost, and nothing depends on it
}

}  // namespace cloister::app
