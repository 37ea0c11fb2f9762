#include "cloister/rlwe/public_encryption.h"

#include "cloister/random/samplers.h"
#include "cloister/ring/poly_ops.h"

namespace cloister::rlwe {

std::pair<EvaluationPoly, EvaluationPoly> encrypt_zero(const PublicKey& key, std::size_t q_limbs, Prng& prng,
                                                       const ThreadPool& pool) {
  const auto& ring = key.b.ring();
  const LimbSet limbs{q_limbs, 0};
  const auto draw = [&](auto sample) {
    auto small = SecretBuffer<std::int8_t>::uninitialized(ring->degree());
    sample(prng, small.span());
    return small;
  };
  const auto mask = draw(sample_ternary), b_error = draw(sample_error), a_error = draw(sample_error);
  auto b = EvaluationPoly::uninitialized(ring, limbs), a = EvaluationPoly::uninitialized(ring, limbs);
  check_operand(key.b, b);
  pool.parallel_for(q_limbs, [&](std::size_t i) {
    auto v = SecretBuffer<std::uint64_t>::uninitialized(ring->degree());
    evaluate_small(*ring, i, mask.span(), v.data());
    evaluate_small(*ring, i, b_error.span(), b.limb(i));
    ring->kernels().mul_add(b.modulus(i), key.b.limb(i), v.data(), b.limb(i), ring->degree());
    evaluate_small(*ring, i, a_error.span(), a.limb(i));
    ring->kernels().mul_add(a.modulus(i), key.a.limb(i), v.data(), a.limb(i), ring->degree());
  });
  return {std::move(b), std::move(a)};
}

}  // namespace cloister::rlwe
