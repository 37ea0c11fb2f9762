#include "cloister/kernels/kernel_table.h"

#include <array>
#include <string>

namespace cloister {

std::string_view name(Target target) noexcept {
  switch (target) {
    case Target::kScalar:
      return "scalar";
  }
  return "unknown";
}

std::span<const Target> available_targets() noexcept {
  static constexpr std::array<Target, 1> kTargets{Target::kScalar};
  return kTargets;
}

const KernelTable& select_kernels(std::string_view target) {
  std::string known;
  for (const Target t : available_targets()) {
    if (target.empty() || target == name(t)) return scalar_kernels();
    known += (known.empty() ? "" : ", ") + std::string(name(t));
  }
  throw ParametersError("kernels: target '" + std::string(target) + "' cannot run here; choose one of: " + known);
}

}  // namespace cloister
