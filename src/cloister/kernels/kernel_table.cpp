#include "cloister/kernels/kernel_table.h"

#include <algorithm>
#include <array>
#include <string>

#include "cloister/kernels/internal/targets.h"

namespace cloister {
namespace {

// Each target's instructions are among those of all before it: what a CPU can run is a tail of the list, and
// what a target needs is a head of cpu_features().
struct Choice {
  std::size_t features;
  const KernelTable& (*kernels)() noexcept;
};
#ifdef CLOISTER_HAS_X86_TARGETS
constexpr std::array kTargets{Target::kAvx512Ifma, Target::kAvx512, Target::kAvx2, Target::kScalar};
constexpr std::array<Choice, kTargets.size()> kChoices{
    {{7, avx512ifma::kernels}, {6, avx512::kernels}, {2, avx2::kernels}, {0, scalar_kernels}}};
#else
constexpr std::array kTargets{Target::kScalar};
constexpr std::array<Choice, kTargets.size()> kChoices{{{0, scalar_kernels}}};
#endif

bool can_run(const Choice& choice) {
  const auto features = cpu_features();
  return choice.features <= features.size() &&
         std::ranges::all_of(features.begin(),
                             features.begin() + static_cast<std::ptrdiff_t>(choice.features),
                             [](const CpuFeature& feature) { return feature.present; });
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

std::vector<CpuFeature> cpu_features() {
#ifdef CLOISTER_HAS_X86_TARGETS
  return {{"avx2", __builtin_cpu_supports("avx2") != 0},
          {"fma", __builtin_cpu_supports("fma") != 0},
          {"avx512f", __builtin_cpu_supports("avx512f") != 0},
          {"avx512dq", __builtin_cpu_supports("avx512dq") != 0},
          {"avx512vl", __builtin_cpu_supports("avx512vl") != 0},
          {"avx512bw", __builtin_cpu_supports("avx512bw") != 0},
          {"avx512ifma", __builtin_cpu_supports("avx512ifma") != 0}};
#else
  return {};
#endif
}

std::span<const Target> built_targets() noexcept { return kTargets; }

std::span<const Target> available_targets() {
  const auto first = std::ranges::find_if(kChoices, can_run);
  return std::span<const Target>(kTargets).subspan(static_cast<std::size_t>(first - kChoices.begin()));
}

const KernelTable& select_kernels(std::string_view target) {
  const auto available = available_targets();
  std::string known;
  for (const Target t : available) {
    if (target.empty() || target == name(t))
      return kChoices[static_cast<std::size_t>(std::ranges::find(kTargets, t) - kTargets.begin())].kernels();
    known += (known.empty() ? "" : ", ") + std::string(name(t));
  }
  throw ParametersError("kernels: target '" + std::string(target) +
                        "' cannot run here; choose one of: " + known);
}

}  // namespace cloister
