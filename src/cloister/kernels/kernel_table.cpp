#include "cloister/kernels/kernel_table.h"

#include <array>
#include <string>

#ifdef CLOISTER_HAS_IFMA
#include "cloister/kernels/internal/ifma_kernels.h"
#endif

namespace cloister {
namespace {

#ifdef CLOISTER_HAS_IFMA
bool cpu_has_ifma() noexcept {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512ifma");
}
#else
bool cpu_has_ifma() noexcept { return false; }
const KernelTable& ifma_kernels() noexcept { return scalar_kernels(); }
#endif

}  // namespace

std::string_view name(Target target) noexcept {
  switch (target) {
    case Target::kAvx512Ifma:
      return "avx512ifma";
    case Target::kScalar:
      return "scalar";
  }
  return "unknown";
}

std::span<const Target> available_targets() noexcept {
  static constexpr std::array kTargets{Target::kAvx512Ifma, Target::kScalar};
  return std::span<const Target>(kTargets).subspan(cpu_has_ifma() ? 0 : 1);
}

const KernelTable& select_kernels(std::string_view target) {
  std::string known;
  for (const Target t : available_targets()) {
    if (target.empty() || target == name(t))
      return t == Target::kAvx512Ifma ? ifma_kernels() : scalar_kernels();
    known += (known.empty() ? "" : ", ") + std::string(name(t));
  }
  throw ParametersError("kernels: target '" + std::string(target) +
                        "' cannot run here; choose one of: " + known);
}

}  // namespace cloister
