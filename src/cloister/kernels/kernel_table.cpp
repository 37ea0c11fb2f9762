#include "cloister/kernels/kernel_table.h"

#include <array>
#include <string>

#include "cloister/kernels/internal/targets.h"

namespace cloister {
namespace {

#ifdef CLOISTER_HAS_X86_TARGETS
bool cpu_has_avx2() noexcept { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool cpu_has_avx512() noexcept {
  return cpu_has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
}
bool cpu_has_avx512ifma() noexcept { return cpu_has_avx512() && __builtin_cpu_supports("avx512ifma"); }
#endif

bool can_run(Target target) noexcept {
  switch (target) {
#ifdef CLOISTER_HAS_X86_TARGETS
    case Target::kAvx512Ifma:
      return cpu_has_avx512ifma();
    case Target::kAvx512:
      return cpu_has_avx512();
    case Target::kAvx2:
      return cpu_has_avx2();
#endif
    default:
      return target == Target::kScalar;
  }
}

const KernelTable& kernels_of(Target target) noexcept {
  switch (target) {
#ifdef CLOISTER_HAS_X86_TARGETS
    case Target::kAvx512Ifma:
      return avx512ifma::kernels();
    case Target::kAvx512:
      return avx512::kernels();
    case Target::kAvx2:
      return avx2::kernels();
#endif
    default:
      return scalar_kernels();
  }
}

}  // namespace

std::string_view name(Target target) noexcept {
  switch (target) {
    case Target::kAvx512Ifma:
      return "avx512ifma";
    case Target::kAvx512:
      return "avx512";
    case Target::kAvx2:
      return "avx2";
    case Target::kScalar:
      return "scalar";
  }
  return "unknown";
}

std::span<const Target> available_targets() noexcept {
  // Each one's instructions are among those of all before it: what a CPU can run is a tail of the list.
  static constexpr std::array kTargets{Target::kAvx512Ifma, Target::kAvx512, Target::kAvx2, Target::kScalar};
  std::span<const Target> targets(kTargets);
  while (!can_run(targets.front())) targets = targets.subspan(1);
  return targets;
}

const KernelTable& select_kernels(std::string_view target) {
  std::string known;
  for (const Target t : available_targets()) {
    if (target.empty() || target == name(t)) return kernels_of(t);
    known += (known.empty() ? "" : ", ") + std::string(name(t));
  }
  throw ParametersError("kernels: target '" + std::string(target) +
                        "' cannot run here; choose one of: " + known);
}

}  // namespace cloister
