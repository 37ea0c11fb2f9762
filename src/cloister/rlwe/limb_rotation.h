#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "cloister/rlwe/decomposition.h"
#include "cloister/rlwe/keys.h"

namespace cloister::rlwe {

/// One limb of P times a rotation, which is not divided by P yet: the digits' inner product with a Galois
/// key, permuted. The counterpart of LimbProduct. Borrows everything. Ours: an automorphism takes parts of a
/// transform to parts and blocks within them to blocks, so that a limb is made a block at a time.
class LimbRotation {
 public:
  /// The key must have as many limbs as the digits. `plus_b`, where given, holds N values that are added to
  /// the half b before the permutation.
  LimbRotation(const Decomposition& digits, const GaloisKey& key, std::size_t i,
               const std::uint64_t* plus_b = nullptr)
      : product_(digits, key.key, i), automorphism_(&key.automorphism), plus_b_(plus_b) {}

  const Modulus& modulus() const noexcept { return product_.modulus(); }
  std::size_t scratch_words() const noexcept { return product_.scratch_words(); }
  /// Turns to a part of the limb, after the permutation. `scratch` must live until the next.
  void enter(std::size_t part, std::uint64_t* scratch) noexcept;
  /// `count` values of each half, from value `start` of the part on: whole blocks of the automorphism.
  void operator()(std::size_t start, std::size_t count, std::uint64_t* b, std::uint64_t* a) const noexcept;
  /// The same, added.
  void add_to(std::size_t start, std::size_t count, std::uint64_t* b, std::uint64_t* a) const noexcept;

 private:
  std::size_t degree() const noexcept { return product_.ring().degree(); }

  /// A block of the product before the permutation: the one that goes to value `to` of the limb.
  struct Block {
    alignas(64) std::array<std::uint64_t, Automorphism::kMaxBlock> b, a;
  };
  void unmoved(std::size_t to, Block& block) const noexcept;

  LimbProduct product_;
  const Automorphism* automorphism_;
  const std::uint64_t* plus_b_;
  std::size_t part_start_ = 0;
};

}  // namespace cloister::rlwe
