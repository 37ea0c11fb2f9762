#include "cloister/kernels/square_kernels.h"

#include <array>

#include "cloister/kernels/internal/targets.h"

namespace cloister {
namespace {

constexpr std::size_t kSpareBits = 6;
constexpr std::array<std::size_t, 4> kBlocks{8, 10, 9,
                                             7};  // the first of those with as few digits is fastest

}  // namespace

SquareShape square_shape(std::size_t root_bits) noexcept {
  const std::size_t needed = (root_bits + kSpareBits + kDigitBits - 1) / kDigitBits;
  SquareShape best{0, 0};
  for (const std::size_t block : kBlocks) {
    const std::size_t digits = (needed + block - 1) / block * block;
    if (best.digits == 0 || digits < best.digits) best = {digits, block};
  }
  return best;
}

const SquareKernels* square_kernels([[maybe_unused]] Target target) noexcept {
#ifdef CLOISTER_HAS_X86_TARGETS
  if (target == Target::kAvx512Ifma) return &avx512ifma::square_kernels();
#endif
  return nullptr;
}

}  // namespace cloister
