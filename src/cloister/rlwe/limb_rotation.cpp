#include "cloister/rlwe/limb_rotation.h"

namespace cloister::rlwe {

static_assert(Automorphism::kMaxBlock <= LimbProduct::kBlock);

void LimbRotation::enter(std::size_t part, std::uint64_t* scratch) noexcept {
  const std::size_t size = degree() / kNttParts;
  part_start_ = part * size;
  product_.enter(automorphism_->source(part_start_) / size, scratch);
}

void LimbRotation::unmoved(std::size_t to, Block& block) const noexcept {
  const std::size_t from = automorphism_->source(to), count = automorphism_->block();
  product_(from - product_.part_start(), count, block.b.data(), block.a.data());
  if (plus_b_ != nullptr)
    product_.ring().kernels().add(modulus(), block.b.data(), plus_b_ + from, block.b.data(), count);
}

void LimbRotation::operator()(std::size_t start, std::size_t count, std::uint64_t* b,
                              std::uint64_t* a) const noexcept {
  const KernelTable& kernels = product_.ring().kernels();
  Block block;
  for (std::size_t i = 0; i < count; i += automorphism_->block()) {
    const std::size_t to = part_start_ + start + i;
    unmoved(to, block);
    automorphism_->apply_to_block(kernels, to, block.b.data(), b + i);
    automorphism_->apply_to_block(kernels, to, block.a.data(), a + i);
  }
}

void LimbRotation::add_to(std::size_t start, std::size_t count, std::uint64_t* b,
                          std::uint64_t* a) const noexcept {
  const KernelTable& kernels = product_.ring().kernels();
  const std::size_t size = automorphism_->block();
  Block moved;
  for (std::size_t i = 0; i < count; i += size) {
    (*this)(start + i, size, moved.b.data(), moved.a.data());
    kernels.add(modulus(), b + i, moved.b.data(), b + i, size);
    kernels.add(modulus(), a + i, moved.a.data(), a + i, size);
  }
}

}  // namespace cloister::rlwe
