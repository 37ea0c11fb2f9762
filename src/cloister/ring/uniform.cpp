#include "cloister/ring/uniform.h"

namespace cloister {

EvaluationPoly expand_uniform(const std::shared_ptr<const Ring>& ring, LimbSet limbs, const Seed& seed,
                              std::uint64_t stream, const ThreadPool& pool) {
  auto out = EvaluationPoly::uninitialized(ring, limbs);
  pool.parallel_for(limbs.count(), [&](std::size_t i) {
    Prng prng(seed, stream << 16 | out.prime_index(i));
    sample_uniform(prng, out.modulus(i).value(), out.limb_span(i));
  });
  return out;
}

}  // namespace cloister
