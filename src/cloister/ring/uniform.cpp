#include "cloister/ring/uniform.h"

#include <algorithm>

namespace cloister {
namespace {
constexpr std::size_t kBatch = 2048;  // words of key stream that are reduced while the first cache holds them
}

void UniformLimb::next(std::span<std::uint64_t> out) {
  // Words that are dropped are drawn again, after all others of their batch: as sample_uniform does.
  while (!out.empty()) {
    const auto batch = out.first(std::min(kBatch, out.size()));
    prng_.fill(batch);
    out = out.subspan(kernels_->reduce_uniform(*q_, batch.data(), batch.size()));
  }
}

EvaluationPoly expand_uniform(const std::shared_ptr<const Ring>& ring, LimbSet limbs, const Seed& seed,
                              std::uint64_t stream, const ThreadPool& pool) {
  auto out = EvaluationPoly::uninitialized(ring, limbs);
  pool.parallel_for(limbs.count(), [&](std::size_t i) {
    UniformLimb(*ring, out.prime_index(i), seed, stream).next(out.limb_span(i));
  });
  return out;
}

}  // namespace cloister
