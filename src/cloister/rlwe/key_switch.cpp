#include "cloister/rlwe/key_switch.h"

#include <algorithm>

#include "cloister/ring/poly_ops.h"

namespace cloister::rlwe {

Decomposition KeySwitcher::decompose(const EvaluationPoly& a) const {
  const Ring& ring = *a.ring();
  const std::size_t limbs = a.limbs().q, n = ring.degree();
  const LimbSet raised{limbs, ring.p_count()};
  const std::size_t digit_size = parameters_->digit_size();
  const auto coefficients = to_coefficient(a.clone(), *pool_);

  Decomposition out;
  std::vector<Buffer<std::uint64_t>> scratch;
  for (std::size_t d = 0; d < parameters_->digits_at(limbs); ++d) {
    out.digits.push_back(EvaluationPoly::uninitialized(a.ring(), raised));
    scratch.push_back(Buffer<std::uint64_t>::uninitialized(parameters_->mod_up(limbs, d).scratch_words(n)));
  }
  pool_->parallel_for(out.digits.size(), [&](std::size_t d) {
    const BaseConverter& converter = parameters_->mod_up(limbs, d);
    std::vector<const std::uint64_t*> in;
    for (const std::size_t prime : converter.from()) in.push_back(coefficients.limb(prime));
    converter.scale(ring, in, scratch[d].data());
  });
  pool_->parallel_for(out.digits.size() * raised.count(), [&](std::size_t task) {
    const std::size_t d = task / raised.count(), i = task % raised.count();
    EvaluationPoly& digit = out.digits[d];
    const std::size_t start = d * digit_size, end = std::min(start + digit_size, limbs);
    if (i >= start && i < end) {  // its own limbs are there already
      std::copy_n(a.limb(i), n, digit.limb(i));
      return;
    }
    const std::size_t position = i < start ? i : i - (end - start);
    parameters_->mod_up(limbs, d).convert(ring, scratch[d].data(), position, digit.limb(i));
    ring.kernels().ntt_forward(ring.ntt(digit.prime_index(i)), digit.limb(i));
  });
  return out;
}

PolyPair KeySwitcher::inner_product(const Decomposition& digits, const KeySwitchKey& key) const {
  const LimbSet limbs = digits.limbs();
  if (key.q_limbs() < limbs.q)
    throw MissingKeyError("key switch: the key was made for " + std::to_string(key.q_limbs()) +
                              " limbs and the ciphertext has " + std::to_string(limbs.q) +
                              "; use the key at the levels its plan states",
                          0);
  const auto& ring = digits.digits.front().ring();
  PolyPair out{EvaluationPoly::uninitialized(ring, limbs), EvaluationPoly::uninitialized(ring, limbs)};
  const std::size_t terms = digits.digits.size();
  pool_->parallel_for(2 * limbs.count(), [&](std::size_t task) {
    const std::size_t i = task / 2;
    EvaluationPoly& to = task % 2 == 0 ? out.first : out.second;
    const auto& half = task % 2 == 0 ? key.b : key.a;
    std::vector<const std::uint64_t*> x(terms), y(terms);
    for (std::size_t d = 0; d < terms; ++d) {
      x[d] = digits.digits[d].limb(i);
      y[d] = half[d].limb(limb_of(to, i, half[d]));
    }
    ring->kernels().dot(to.modulus(i), x.data(), y.data(), terms, to.limb(i), ring->degree());
  });
  return out;
}

EvaluationPoly KeySwitcher::mod_down(const EvaluationPoly& a) const {
  const Ring& ring = *a.ring();
  const std::size_t q = a.limbs().q, p = a.limbs().p, n = ring.degree();
  const BaseConverter& converter = parameters_->mod_down();
  auto special = Buffer<std::uint64_t>::uninitialized(p * n);
  pool_->parallel_for(p, [&](std::size_t i) {
    std::copy_n(a.limb(q + i), n, special.data() + i * n);
    ring.kernels().ntt_inverse(ring.ntt(a.prime_index(q + i)), special.data() + i * n);
  });
  std::vector<const std::uint64_t*> in(p);
  for (std::size_t i = 0; i < p; ++i) in[i] = special.data() + i * n;
  auto scratch = Buffer<std::uint64_t>::uninitialized(converter.scratch_words(n));
  converter.scale(ring, in, scratch.data());

  auto out = EvaluationPoly::uninitialized(a.ring(), {q, 0});
  pool_->parallel_for(q, [&](std::size_t i) {
    converter.convert(ring, scratch.data(), i, out.limb(i));
    ring.kernels().ntt_forward(ring.ntt(i), out.limb(i));
    ring.kernels().sub_mul_scalar(out.modulus(i), a.limb(i), out.limb(i),
                                  ShoupFactor(parameters_->inverse_p(i), out.modulus(i)), out.limb(i), n);
  });
  return out;
}

PolyPair KeySwitcher::switch_key(const EvaluationPoly& a, const KeySwitchKey& key) const {
  const PolyPair raised = inner_product(decompose(a), key);
  return {mod_down(raised.first), mod_down(raised.second)};
}

}  // namespace cloister::rlwe
