#include "cloister/rlwe/public_encryption.h"

#include "cloister/random/samplers.h"
#include "cloister/ring/poly_ops.h"

namespace cloister::rlwe {

std::pair<EvaluationPoly, EvaluationPoly> encrypt_zero(const PublicKey& key, std::size_t q_limbs, Prng& prng,
                                                       const ThreadPool& pool) {
  const auto& ring = key.b.ring();
  const LimbSet limbs{q_limbs, 0};
  SecretBuffer<std::int8_t> small(ring->degree());
  const auto small_poly = [&](auto sample) {
    sample(prng, small.span());
    return to_evaluation(
        from_small<Secrecy::kSecret>(ring, limbs, std::span<const std::int8_t>(small.span()), pool), pool);
  };
  const SecretEvaluationPoly mask = small_poly(sample_ternary);
  const auto half = [&](const EvaluationPoly& key_half) {
    const SecretEvaluationPoly error = small_poly(sample_error);
    auto out = EvaluationPoly::uninitialized(ring, limbs);
    mul(key_half, mask, out, pool);
    add(out, error, out, pool);
    return out;
  };
  auto b = half(key.b);
  auto a = half(key.a);
  return {std::move(b), std::move(a)};
}

}  // namespace cloister::rlwe
