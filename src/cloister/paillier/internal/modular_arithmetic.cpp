#include "cloister/paillier/internal/modular_arithmetic.h"

#include <algorithm>
#include <cstdlib>

#include "cloister/paillier/internal/gmp_arithmetic.h"
#include "cloister/paillier/internal/lane_arithmetic.h"

namespace cloister::paillier::internal {

std::shared_ptr<const ModularArithmetic> make_modular_arithmetic(std::span<const std::uint64_t> root,
                                                                 std::string_view target) {
  if (const SquareKernels* kernels = square_kernels(select_kernels(target).target))
    return std::make_shared<LaneArithmetic>(*kernels, root);
  return std::make_shared<GmpArithmetic>(root);
}

std::shared_ptr<const ModularArithmetic> make_modular_arithmetic(std::span<const std::uint64_t> root) {
  const char* target = std::getenv("CLOISTER_TARGET");
  return make_modular_arithmetic(root, target == nullptr ? "" : target);
}

void for_blocks(const ThreadPool& pool, std::size_t count, std::size_t block,
                const std::function<void(std::size_t, std::size_t)>& body) {
  pool.parallel_for((count + block - 1) / block, [&](std::size_t b) {
    const std::size_t first = b * block;
    body(first, std::min(block, count - first));
  });
}

}  // namespace cloister::paillier::internal
