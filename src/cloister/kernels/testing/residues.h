#pragma once

#include <cstdint>
#include <vector>

#include "cloister/random/samplers.h"

namespace cloister {

/// n uniform residues modulo q, the same on every run; the first two are 0 and q - 1.
inline std::vector<std::uint64_t> random_residues(std::uint64_t q, std::size_t n, std::uint64_t stream) {
  Prng prng(Seed(Bytes32{}), stream);
  std::vector<std::uint64_t> x(n);
  sample_uniform(prng, q, x);
  x[0] = 0;
  x[1] = q - 1;
  return x;
}

}  // namespace cloister
