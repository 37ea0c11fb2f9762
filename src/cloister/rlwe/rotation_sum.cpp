#include "cloister/rlwe/rotation_sum.h"

#include <algorithm>
#include <array>

namespace cloister::rlwe {

LimbRotationSum::LimbRotationSum(const Decomposition& digits, const std::vector<const GaloisKey*>& keys,
                                 std::size_t i)
    : ring_(digits.ring().get()), modulus_(&ring_->modulus(ring_->prime_index(digits.limbs(), i))) {
  for (const GaloisKey* key : keys) {
    products_.emplace_back(digits, key->key, i);
    maps_.push_back(key->automorphism.map());
  }
}

void LimbRotationSum::enter(std::size_t part, std::uint64_t* scratch) noexcept {
  const KernelTable& kernels = ring_->kernels();
  const std::size_t size = part_size(), to = part * size;
  std::uint64_t* const sums = scratch + 2 * degree();
  for (std::size_t k = 0; k < products_.size(); ++k) {
    // The values of this part come from one part: exponents that agree modulo 2 kNttParts stay in agreement.
    const std::size_t from_part = maps_[k][to] / size, from = from_part * size;
    products_[k].enter(from_part, nullptr);
    std::uint64_t *b = scratch, *a = scratch + degree();
    for (std::size_t start = 0; start < size; start += LimbProduct::kBlock)
      products_[k](start, std::min(LimbProduct::kBlock, size - start), b + from + start, a + from + start);
    if (k == 0) {
      kernels.permute(b, maps_[k] + to, sums, size);
      kernels.permute(a, maps_[k] + to, sums + size, size);
      continue;
    }
    alignas(64) std::array<std::uint64_t, LimbProduct::kBlock> moved;
    for (std::size_t start = 0; start < size; start += moved.size()) {
      const std::size_t count = std::min(moved.size(), size - start);
      for (std::size_t half = 0; half < 2; ++half) {
        std::uint64_t* sum = sums + half * size + start;
        kernels.permute(half == 0 ? b : a, maps_[k] + to + start, moved.data(), count);
        kernels.add(*modulus_, sum, moved.data(), sum, count);
      }
    }
  }
  sums_ = sums;
}

void LimbRotationSum::operator()(std::size_t start, std::size_t count, std::uint64_t* b,
                                 std::uint64_t* a) const noexcept {
  std::copy_n(sums_ + start, count, b);
  std::copy_n(sums_ + part_size() + start, count, a);
}

}  // namespace cloister::rlwe
