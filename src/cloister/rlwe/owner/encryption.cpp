#include "cloister/rlwe/owner/encryption.h"

#include <algorithm>

#include "cloister/random/samplers.h"
#include "cloister/ring/poly_ops.h"

namespace cloister::rlwe {
namespace {

// Residues that several kernels work on while the first cache holds them: 16 KiB an operand.
constexpr std::size_t kBlock = 2048;

// Calls body(start, count) for the blocks of a limb.
template <typename Body>
void for_blocks(std::size_t degree, Body body) {
  for (std::size_t start = 0; start < degree; start += kBlock) body(start, std::min(kBlock, degree - start));
}

// (e + m - a s, a); no message stands for zero.
SeededPair encrypt(const SecretEvaluationPoly& secret, const EvaluationPoly* message, LimbSet limbs,
                   const Seed& seed, std::uint64_t stream, Prng& prng, const ThreadPool& pool) {
  const auto& ring = secret.ring();
  SeededPair out{EvaluationPoly::uninitialized(ring, limbs), EvaluationPoly::uninitialized(ring, limbs),
                 seed};
  check_operand(secret, out.b);
  if (message != nullptr) check_operand(*message, out.b);
  auto error = SecretBuffer<std::int8_t>::uninitialized(ring->degree());
  sample_error(prng, error.span());
  for (auto& e : error) e = static_cast<std::int8_t>(-e);
  pool.parallel_for(limbs.count(), [&](std::size_t i) {
    const KernelTable& kernels = ring->kernels();
    const Modulus& q = out.b.modulus(i);
    const std::uint64_t* s = secret.limb(limb_of(out.b, i, secret));
    evaluate_small(*ring, out.b.prime_index(i), error.span(), out.b.limb(i));
    UniformLimb uniform(*ring, out.b.prime_index(i), seed, stream);
    for_blocks(ring->degree(), [&](std::size_t start, std::size_t n) {
      // As m - (a s - e), which is one pass less.
      std::uint64_t* a = out.a.limb(i) + start;
      std::uint64_t* b = out.b.limb(i) + start;
      uniform.next({a, n});
      kernels.mul_add(q, a, s + start, b, n);
      if (message != nullptr)
        kernels.sub(q, message->limb(limb_of(out.b, i, *message)) + start, b, b, n);
      else
        kernels.negate(q, b, b, n);
    });
  });
  return out;
}

}  // namespace

SeededPair encrypt_zero(const SecretEvaluationPoly& secret, LimbSet limbs, const Seed& seed,
                        std::uint64_t stream, Prng& prng, const ThreadPool& pool) {
  return encrypt(secret, nullptr, limbs, seed, stream, prng, pool);
}

SeededPair encrypt_zero(const SecretKey& secret, LimbSet limbs, Prng& prng, const ThreadPool& pool) {
  return encrypt(secret.evaluation(), nullptr, limbs, prng.next_seed(), 0, prng, pool);
}

SeededPair encrypt(const SecretKey& secret, const EvaluationPoly& message, Prng& prng,
                   const ThreadPool& pool) {
  return encrypt(secret.evaluation(), &message, message.limbs(), prng.next_seed(), 0, prng, pool);
}

EvaluationPoly phase(const SecretKey& secret, std::span<const EvaluationPoly> parts, std::size_t q_limbs,
                     const ThreadPool& pool) {
  const auto& ring = secret.parameters()->ring();
  if (parts.size() == 1) return copy_limbs(parts.front(), {q_limbs, 0});
  auto out = EvaluationPoly::uninitialized(ring, {q_limbs, 0});
  for (const auto& part : parts) check_operand(part, out);
  pool.parallel_for(q_limbs, [&](std::size_t i) {
    const KernelTable& kernels = ring->kernels();
    const Modulus& q = out.modulus(i);
    for_blocks(ring->degree(), [&](std::size_t start, std::size_t n) {
      // Horner in s, from the last part down.
      std::uint64_t* to = out.limb(i) + start;
      const std::uint64_t* sum = parts.back().limb(i) + start;
      for (std::size_t k = parts.size() - 1; k-- > 0; sum = to) {
        kernels.mul(q, sum, secret.evaluation().limb(i) + start, to, n);
        kernels.add(q, to, parts[k].limb(i) + start, to, n);
      }
    });
  });
  return out;
}

}  // namespace cloister::rlwe
