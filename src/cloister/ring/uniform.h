#pragma once

#include <span>

#include "cloister/random/prng.h"
#include "cloister/ring/rns_poly.h"

namespace cloister {

/// One limb of a uniform polynomial (see below), drawn piece by piece: what the pieces hold together does not
/// depend on how they are cut. For those who use a piece while the first cache still holds it.
class UniformLimb {
 public:
  UniformLimb(const Ring& ring, std::size_t prime_index, const Seed& seed, std::uint64_t stream)
      : kernels_(&ring.kernels()), q_(&ring.modulus(prime_index)), prng_(seed, stream << 16 | prime_index) {}

  /// The next residues of the limb. Cost: 8 bytes of key stream each.
  void next(std::span<std::uint64_t> out);

 private:
  const KernelTable* kernels_;
  const Modulus* q_;
  Prng prng_;
};

/// A uniform polynomial expanded from a seed: limb by limb, each from its own stream
/// (`stream` << 16 | index of its prime), so that a polynomial with fewer limbs is a prefix of one with
/// more. Part of the file formats. Cost: 8 N bytes of key stream a limb.
EvaluationPoly expand_uniform(const std::shared_ptr<const Ring>& ring, LimbSet limbs, const Seed& seed,
                              std::uint64_t stream, const ThreadPool& pool);

}  // namespace cloister
