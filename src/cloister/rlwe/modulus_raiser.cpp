#include "cloister/rlwe/modulus_raiser.h"

#include <algorithm>

#include "cloister/ring/poly_ops.h"
#include "cloister/rlwe/noise.h"
#include "cloister/rlwe/security.h"

namespace cloister::rlwe {
namespace {

EvaluationPoly first_limb(const EvaluationPoly& c, const std::shared_ptr<const Ring>& ring) {
  auto out = EvaluationPoly::uninitialized(ring, {1, 0});
  std::ranges::copy(c.limb_span(0), out.limb(0));
  return out;
}

// The centred integers whose residues modulo the only prime of `c` are given, modulo other primes.
EvaluationPoly lifted(const CoefficientPoly& c, const std::shared_ptr<const Ring>& ring, LimbSet limbs,
                      const ThreadPool& pool) {
  auto out = EvaluationPoly::uninitialized(ring, limbs);
  pool.parallel_for(limbs.count(), [&](std::size_t i) {
    const KernelTable& kernels = ring->kernels();
    kernels.change_modulus(c.modulus(0), out.modulus(i), c.limb(0), out.limb(i), ring->degree());
    kernels.ntt_forward(ring->ntt(out.prime_index(i)), out.limb(i), out.limb(i));
  });
  return out;
}

}  // namespace

ModulusRaiser::ModulusRaiser(std::shared_ptr<const Parameters> parameters, const ThreadPool& pool)
    : parameters_(std::move(parameters)),
      encapsulated_(parameters_->encapsulated()),
      pool_(&pool),
      to_sparse_(encapsulated_, pool) {}

int ModulusRaiser::largest_overflow() noexcept { return (1 + kEncapsulationWeight) / 2; }

double ModulusRaiser::error_variance() const noexcept { return raising_variance(*parameters_); }

PolyPair ModulusRaiser::raise(const EvaluationPoly& c0, const EvaluationPoly& c1,
                              const EncapsulationKeys& keys) const {
  const auto& small = encapsulated_->ring();
  PolyPair sparse = to_sparse_.switch_key(first_limb(c1, small), keys.to_sparse);
  add(sparse.first, first_limb(c0, small), sparse.first, *pool_);

  const auto& ring = parameters_->ring();
  const LimbSet all = ring->all_limbs(), q{all.q, 0};
  auto b = lifted(to_coefficient(std::move(sparse.first), *pool_), ring, q, *pool_);
  const auto a = lifted(to_coefficient(std::move(sparse.second), *pool_), ring, all, *pool_);
  PolyPair products{EvaluationPoly::uninitialized(ring, all), EvaluationPoly::uninitialized(ring, all)};
  mul(a, keys.to_dense.b.front(), products.first, *pool_);
  mul(a, keys.to_dense.a.front(), products.second, *pool_);
  PolyPair out{EvaluationPoly::uninitialized(ring, q), EvaluationPoly::uninitialized(ring, q)};
  parameters_->mod_down(all.q).apply<2>(
      {&products.first, &products.second}, *pool_,
      [&](std::size_t half, std::size_t i) { return (half == 0 ? out.first : out.second).limb(i); });
  add(out.first, b, out.first, *pool_);
  return out;
}

}  // namespace cloister::rlwe
