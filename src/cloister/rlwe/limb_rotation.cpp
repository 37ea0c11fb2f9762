#include "cloister/rlwe/limb_rotation.h"

#include <algorithm>
#include <array>

namespace cloister::rlwe {

void LimbRotation::enter(std::size_t part, std::uint64_t* scratch) noexcept {
  const KernelTable& kernels = product_.ring().kernels();
  const std::size_t size = degree() / kNttParts;
  part_start_ = part * size;
  unmoved_ = scratch;
  // The values of this part come from one part: exponents that agree modulo 2 kNttParts stay in agreement.
  const std::size_t from_part = map_[part_start_] / size, from = from_part * size;
  product_.enter(from_part, scratch + 2 * degree());
  std::uint64_t *const b = scratch + from, *const a = b + degree();
  for (std::size_t start = 0; start < size; start += LimbProduct::kBlock) {
    const std::size_t count = std::min(LimbProduct::kBlock, size - start);
    product_(start, count, b + start, a + start);
    if (plus_b_ != nullptr) kernels.add(modulus(), b + start, plus_b_ + from + start, b + start, count);
  }
}

void LimbRotation::operator()(std::size_t start, std::size_t count, std::uint64_t* b,
                              std::uint64_t* a) const noexcept {
  const KernelTable& kernels = product_.ring().kernels();
  const std::uint32_t* const map = map_ + part_start_ + start;
  kernels.permute(unmoved_, map, b, count);
  kernels.permute(unmoved_ + degree(), map, a, count);
}

void LimbRotation::add_to(std::size_t start, std::size_t count, std::uint64_t* b,
                          std::uint64_t* a) const noexcept {
  const KernelTable& kernels = product_.ring().kernels();
  alignas(64) std::array<std::uint64_t, 2 * LimbProduct::kBlock> moved;
  std::uint64_t *const moved_b = moved.data(), *const moved_a = moved_b + LimbProduct::kBlock;
  for (const std::size_t end = start + count; start < end; start += LimbProduct::kBlock) {
    const std::size_t block = std::min(LimbProduct::kBlock, end - start);
    (*this)(start, block, moved_b, moved_a);
    kernels.add(modulus(), b, moved_b, b, block);
    kernels.add(modulus(), a, moved_a, a, block);
    b += block;
    a += block;
  }
}

}  // namespace cloister::rlwe
