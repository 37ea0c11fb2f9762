#include "cloister/ring/automorphism.h"

#include <algorithm>
#include <string>

namespace cloister {

Automorphism::Automorphism(int log2_degree, std::uint64_t galois_element)
    : galois_element_(galois_element),
      block_(std::min(kMaxBlock, (std::size_t{1} << log2_degree) / kNttParts)),
      map_(std::size_t{1} << log2_degree),
      map_in_block_(map_.size()) {
  const std::size_t n = map_.size();
  if (galois_element % 2 == 0 || galois_element >= 2 * n)
    throw ParametersError("automorphism: the Galois element " + std::to_string(galois_element) +
                          " is not odd and below 2N = " + std::to_string(2 * n));
  // The value at index i is that at psi^e, e = 2 brv(i) + 1; a(X^g) there is a at psi^(g e).
  for (std::size_t j = 0; j < n; ++j) {
    const std::size_t exponent = (2 * j + 1) * galois_element & (2 * n - 1);
    map_[reverse_bits(j, log2_degree)] = static_cast<std::uint32_t>(reverse_bits(exponent / 2, log2_degree));
  }
  const std::size_t size = n / kNttParts;
  for (std::size_t i = 0; i < n; ++i) map_in_block_[i] = static_cast<std::uint32_t>(map_[i] % block_);
  for (std::size_t part = 0; part < kNttParts; ++part) part_to_[map_[part * size] / size] = part;
}

}  // namespace cloister
