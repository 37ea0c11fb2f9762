#include "cloister/kernels/vector_roots.h"

namespace cloister {

VectorRoots::VectorRoots(std::span<const ShoupFactor> roots, const Modulus& q)
    : upper_(Buffer<VectorRoot>::uninitialized(roots.size() / 8)),
      lower_values_(Buffer<std::uint64_t>::uninitialized(roots.size() / 64 * kLowerGroupWords)),
      lower_quotients_(Buffer<std::uint64_t>::uninitialized(roots.size() / 64 * kLowerGroupWords)) {
  const std::size_t eighth = roots.size() / 8;
  for (std::size_t i = 0; i < eighth; ++i) upper_[i] = VectorRoot(roots[i], q);
  std::size_t to = 0;
  for (std::size_t group = 0; group < eighth; group += 8)
    for (std::size_t nodes = 1; nodes <= 4; nodes *= 2)
      for (std::size_t k = 0; k < nodes; ++k, to += 8)
        for (std::size_t lane = 0; lane < 8; ++lane) {
          const VectorRoot root(roots[nodes * (eighth + group + lane) + k], q);
          lower_values_[to + lane] = root.value;
          lower_quotients_[to + lane] = root.quotient;
        }
}

}  // namespace cloister
