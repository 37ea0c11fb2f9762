#include "cloister/rlwe/owner/encryption.h"

#include "cloister/random/samplers.h"
#include "cloister/ring/poly_ops.h"

namespace cloister::rlwe {

SeededZero encrypt_zero(const SecretEvaluationPoly& secret, LimbSet limbs, const Seed& seed,
                        std::uint64_t stream, Prng& prng, const ThreadPool& pool) {
  const auto& ring = secret.ring();
  SecretBuffer<std::int8_t> error(ring->degree());
  sample_error(prng, error.span());
  SeededZero out{
      to_evaluation(from_small(ring, limbs, std::span<const std::int8_t>(error.span()), pool), pool),
      expand_uniform(ring, limbs, seed, stream, pool), seed};
  pool.parallel_for(limbs.count(), [&](std::size_t i) {
    // e - a s, in the buffer of e.
    const auto& kernels = ring->kernels();
    const Modulus& q = out.b.modulus(i);
    auto product = SecretBuffer<std::uint64_t>::uninitialized(ring->degree());
    kernels.mul(q, out.a.limb(i), secret.limb(limb_of(out.b, i, secret)), product.data(), ring->degree());
    kernels.sub(q, out.b.limb(i), product.data(), out.b.limb(i), ring->degree());
  });
  return out;
}

SeededZero encrypt_zero(const SecretKey& secret, LimbSet limbs, Prng& prng, const ThreadPool& pool) {
  const Seed seed = prng.next_seed();
  return encrypt_zero(secret.evaluation(), limbs, seed, 0, prng, pool);
}

EvaluationPoly phase(const SecretKey& secret, std::span<const EvaluationPoly> parts, std::size_t q_limbs,
                     const ThreadPool& pool) {
  const auto& ring = secret.parameters()->ring();
  // Horner in s, from the last part down.
  auto out = copy_limbs(parts.back(), {q_limbs, 0});
  for (std::size_t k = parts.size() - 1; k-- > 0;)
    pool.parallel_for(q_limbs, [&](std::size_t i) {
      ring->kernels().mul(out.modulus(i), out.limb(i), secret.evaluation().limb(i), out.limb(i),
                          ring->degree());
      ring->kernels().add(out.modulus(i), out.limb(i), parts[k].limb(i), out.limb(i), ring->degree());
    });
  return out;
}

}  // namespace cloister::rlwe
