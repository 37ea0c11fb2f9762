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

  /// An automorphism permutes the nodes of each layer of a transform: aligned blocks of this many values (a
  /// power of two, at most kMaxBlock and N / kNttParts) go to such blocks.
  std::size_t block() const noexcept { return block_; }
  static constexpr std::size_t kMaxBlock = 1024;
  /// Where the block begins whose values go to the block at `to`.
  std::size_t source(std::size_t to) const noexcept { return map_[to] / block_ * block_; }
  /// The block at `to` of the result, from the block at source(to). No aliasing.
  void apply_to_block(const KernelTable& kernels, std::size_t to, const std::uint64_t* source,
                      std::uint64_t* out) const noexcept {
    kernels.permute(source, map_in_block_.data() + to, out, block_);
  }

  /// The same of one part alone, N / kNttParts values `a` of a limb: all go to one part of the limb `out`.
  void apply_to_part(const KernelTable& kernels, std::size_t part, const std::uint64_t* a,
                     std::uint64_t* out) const noexcept {
    const std::size_t size = map_.size() / kNttParts, first = part_to_[part] * size;
    for (std::size_t to = first; to < first + size; to += block_)
      apply_to_block(kernels, to, a + (source(to) - part * size), out + to);
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
  std::size_t block_;
  std::vector<std::uint32_t> map_;
  std::vector<std::uint32_t> map_in_block_;     // from the begin of the block that is read
  std::array<std::size_t, kNttParts> part_to_;  // where each part goes
};

}  // namespace cloister
