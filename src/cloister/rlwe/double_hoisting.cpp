#include "cloister/rlwe/double_hoisting.h"

#include <algorithm>
#include <array>
#include <optional>

#include "cloister/ring/poly_ops.h"
#include "cloister/rlwe/limb_rotation.h"

namespace cloister::rlwe {
namespace {

constexpr std::size_t kMaxTerms = 256;  // what the kernels sum

// A block of both halves of a rotation.
struct Halves {
  const std::uint64_t *b, *a;
};

// A block of a sum from the same block of the rotations, `count` values from `first` of the limb on.
void sum_block(const Ring& ring, std::size_t prime, std::size_t first, std::size_t count,
               const std::vector<Halves>& rotations, const std::vector<DoubleHoisting::Term>& terms,
               std::uint64_t* b, std::uint64_t* a, std::uint64_t* scratch) {
  const Modulus& modulus = ring.modulus(prime);
  std::array<const std::uint64_t*, kMaxTerms> factors, of_b, of_a;
  // One run for all factors, of whole vectors, is as good as written out; else they are.
  const std::size_t run = terms.front().factor->run();
  const bool repeats =
      run >= 8 && std::ranges::all_of(terms, [&](const auto& term) { return term.factor->run() == run; });
  alignas(64) std::array<std::uint64_t, 2 * LimbProduct::kBlock> more;
  std::uint64_t *const more_b = more.data(), *const more_a = more_b + LimbProduct::kBlock;
  for (std::size_t t = 0; t < terms.size(); t += kMaxTerms) {
    const std::size_t few = std::min(kMaxTerms, terms.size() - t);
    for (std::size_t k = 0; k < few; ++k) {
      const auto& term = terms[t + k];
      factors[k] = repeats ? term.factor->of_runs(prime, first)
                           : term.factor->values(prime, first, count, scratch + k * LimbProduct::kBlock);
      of_b[k] = rotations[term.rotation].b;
      of_a[k] = rotations[term.rotation].a;
    }
    const auto dot = [&](std::uint64_t* to_b, std::uint64_t* to_a) {
      if (repeats)
        ring.kernels().dot_pair_repeated(modulus, factors.data(), run, of_b.data(), of_a.data(), few, to_b,
                                         to_a, count);
      else
        ring.kernels().dot_pair(modulus, factors.data(), of_b.data(), of_a.data(), few, to_b, to_a, count);
    };
    if (t == 0) {
      dot(b, a);
      continue;
    }
    dot(more_b, more_a);
    ring.kernels().add(modulus, b, more_b, b, count);
    ring.kernels().add(modulus, a, more_a, a, count);
  }
}

}  // namespace

// Times P, which is zero modulo the primes of P.
EvaluationPoly DoubleHoisting::raised(const EvaluationPoly& c) const {
  auto out = EvaluationPoly::uninitialized(c.ring(), {c.limbs().q, 0});
  std::vector<std::uint64_t> factors;
  for (std::size_t i = 0; i < out.limbs().q; ++i) factors.push_back(parameters_->p_modulo(i));
  mul_scalar(c, factors, out, *pool_);
  return out;
}

EvaluationPoly DoubleHoisting::divided(const EvaluationPoly& c) const {
  auto out = EvaluationPoly::uninitialized(c.ring(), {c.limbs().q, 0});
  parameters_->mod_down(c.limbs().q).apply<1>({&c}, *pool_, [&](std::size_t, std::size_t i) {
    return out.limb(i);
  });
  return out;
}

std::vector<PolyPair> DoubleHoisting::sums(const EvaluationPoly& c0, const EvaluationPoly& c1,
                                           std::span<const GaloisKey* const> keys,
                                           std::span<const std::vector<Term>> lists) const {
  const Ring& ring = *c0.ring();
  const LimbSet limbs = parameters_->raised_limbs(c0.limbs().q);
  const std::size_t size = ring.degree() / kNttParts;
  for (const GaloisKey* key : keys)
    if (key != nullptr) KeySwitcher::require_limbs(key->key, limbs);
  std::optional<Decomposition> digits;
  if (std::ranges::any_of(keys, [](const GaloisKey* key) { return key != nullptr; }))
    digits.emplace(*parameters_, c1, Decomposition::Use::kHoisted, *pool_);
  const EvaluationPoly raised_c0 = raised(c0);

  std::size_t repeated_factors = 0;  // of one list, at a time
  for (const auto& list : lists)
    if (std::ranges::any_of(list, [](const Term& term) { return term.factor->run() > 1; }))
      repeated_factors = std::max(repeated_factors, std::min(list.size(), kMaxTerms));
  std::vector<PolyPair> out;
  for (std::size_t s = 0; s < lists.size(); ++s)
    out.emplace_back(EvaluationPoly::uninitialized(c0.ring(), limbs),
                     EvaluationPoly::uninitialized(c0.ring(), limbs));
  pool_->parallel_for(limbs.count() * kNttParts, [&](std::size_t task) {
    const std::size_t i = task / kNttParts, part = task % kNttParts, first = part * size;
    auto moved = ring.words(2 * LimbProduct::kBlock * keys.size());
    auto repeated = ring.words(LimbProduct::kBlock * repeated_factors);
    std::vector<std::optional<LimbRotation>> made(keys.size());
    std::vector<Halves> rotations(keys.size());
    for (std::size_t k = 0; k < keys.size(); ++k) {
      if (keys[k] == nullptr) continue;
      made[k].emplace(*digits, *keys[k], i, i < limbs.q ? raised_c0.limb(i) : nullptr);
      made[k]->enter(part, nullptr);  // hoisted digits need no scratch
    }
    // All sums a block at a time, so that a block of each rotation lies in the second cache meanwhile.
    for (std::size_t start = 0; start < size; start += LimbProduct::kBlock) {
      const std::size_t count = std::min(LimbProduct::kBlock, size - start);
      for (std::size_t k = 0; k < keys.size(); ++k) {
        std::uint64_t* const b = moved.data() + 2 * k * LimbProduct::kBlock;
        std::uint64_t* const a = b + LimbProduct::kBlock;
        if (made[k]) {
          (*made[k])(start, count, b, a);
        } else if (i < limbs.q) {
          std::copy_n(raised_c0.limb(i) + first + start, count, b);
          ring.kernels().mul_scalar(c1.modulus(i), c1.limb(i) + first + start,
                                    ShoupFactor(parameters_->p_modulo(i), c1.modulus(i)), a, count);
        } else {
          std::fill_n(b, count, 0);
          std::fill_n(a, count, 0);
        }
        rotations[k] = {b, a};
      }
      for (std::size_t s = 0; s < lists.size(); ++s)
        sum_block(ring, ring.prime_index(limbs, i), first + start, count, rotations, lists[s],
                  out[s].first.limb(i) + first + start, out[s].second.limb(i) + first + start,
                  repeated.data());
    }
  });
  return out;
}

void DoubleHoisting::add_rotation(const PolyPair& operand, const GaloisKey& key, PolyPair& total) const {
  const Ring& ring = *operand.first.ring();
  KeySwitcher::require_limbs(key.key, operand.first.limbs());
  const EvaluationPoly a = divided(operand.second);
  const Decomposition digits(*parameters_, a, Decomposition::Use::kOnce, *pool_);
  pool_->parallel_for(total.first.limbs().count(), [&](std::size_t i) {
    LimbRotation rotation(digits, key, i, operand.first.limb(i));
    auto scratch = ring.words(rotation.scratch_words());
    const std::size_t size = ring.degree() / kNttParts;
    for (std::size_t part = 0; part < kNttParts; ++part) {
      rotation.enter(part, scratch.data());
      rotation.add_to(0, size, total.first.limb(i) + part * size, total.second.limb(i) + part * size);
    }
  });
}

}  // namespace cloister::rlwe
