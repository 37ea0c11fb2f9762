#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "cloister/ring/rns_poly.h"

namespace cloister {

/// The automorphism X -> X^g of a ring, g odd in [1, 2N), as a permutation of values in the evaluation
/// domain. Memory: 8 N bytes.
class Automorphism {
 public:
  Automorphism(int log2_degree, std::uint64_t galois_element);

  std::uint64_t galois_element() const noexcept { return galois_element_; }
  const std::uint32_t* map() const noexcept { return map_.data(); }

  /// The same of one part alone, N / kNttParts values `a` of a limb: all go to one part of the limb `out`,
  /// for an automorphism permutes the nodes of each layer of a transform.
  void apply_to_part(const KernelTable& kernels, std::size_t part, const std::uint64_t* a,
                     std::uint64_t* out) const noexcept {
    const std::size_t size = map_.size() / kNttParts, to = part_to_[part] * size;
    kernels.permute(a, map_in_part_.data() + to, out + to, size);
  }

  /// out may not alias a. Cost: one gather a limb.
  template <Secrecy kSecrecy>
  BasicRnsPoly<Domain::kEvaluation, kSecrecy> apply(const BasicRnsPoly<Domain::kEvaluation, kSecrecy>& a,
                                                    const ThreadPool& pool) const {
    auto out = BasicRnsPoly<Domain::kEvaluation, kSecrecy>::uninitialized(a.ring(), a.limbs());
    pool.parallel_for(a.limbs().count(), [&](std::size_t i) {
      a.ring()->kernels().permute(a.limb(i), map(), out.limb(i), a.degree());
    });
    return out;
  }

 private:
  std::uint64_t galois_element_;
  std::vector<std::uint32_t> map_;
  std::vector<std::uint32_t> map_in_part_;      // from the begin of the part that is read
  std::array<std::size_t, kNttParts> part_to_;  // where each part goes
};

}  // namespace cloister
