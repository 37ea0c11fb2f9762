#include "cloister/rlwe/key_switch.h"

#include <string>

#include "cloister/base/error.h"

namespace cloister::rlwe {

void KeySwitcher::require_limbs(const KeySwitchKey& key, LimbSet limbs) {
  if (key.q_limbs() < limbs.q)
    throw MissingKeyError("key switch: the key was made for " + std::to_string(key.q_limbs()) +
                              " limbs and the ciphertext has " + std::to_string(limbs.q) +
                              "; use the key at the levels its plan states",
                          0);
}

PolyPair KeySwitcher::switch_key(const EvaluationPoly& a, const KeySwitchKey& key) const {
  const LimbSet limbs{a.limbs().q, 0};
  PolyPair out{EvaluationPoly::uninitialized(a.ring(), limbs),
               EvaluationPoly::uninitialized(a.ring(), limbs)};
  switch_digits(decompose(a, Decomposition::Use::kOnce), key, IntoPolys{&out.first, &out.second});
  return out;
}

void KeySwitcher::relinearize(std::vector<EvaluationPoly>& parts, const KeySwitchKey& key) const {
  switch_digits(
      decompose(parts[2], Decomposition::Use::kOnce), key,
      PartByPart{[&](std::size_t half, std::size_t i, std::size_t part, const std::uint64_t* values) {
        EvaluationPoly& poly = parts[half];
        const std::size_t size = poly.degree() / kNttParts;
        std::uint64_t* to = poly.limb(i) + part * size;
        poly.ring()->kernels().add(poly.modulus(i), to, values, to, size);
      }});
  parts.pop_back();
}

PolyPair KeySwitcher::apply_automorphism(const EvaluationPoly& b, const Decomposition& digits,
                                         const GaloisKey& key) const {
  const Ring& ring = *b.ring();
  PolyPair out{EvaluationPoly::uninitialized(b.ring(), b.limbs()),
               EvaluationPoly::uninitialized(b.ring(), b.limbs())};
  switch_digits(digits, key.key,
                PartByPart{[&](std::size_t half, std::size_t i, std::size_t part, std::uint64_t* values) {
                  const std::size_t size = ring.degree() / kNttParts;
                  if (half == 0)
                    ring.kernels().add(ring.modulus(i), values, b.limb(i) + part * size, values, size);
                  key.automorphism.apply_to_part(ring.kernels(), part, values,
                                                 (half == 0 ? out.first : out.second).limb(i));
                }});
  return out;
}

}  // namespace cloister::rlwe
