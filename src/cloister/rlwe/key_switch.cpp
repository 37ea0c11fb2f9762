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

}  // namespace cloister::rlwe
