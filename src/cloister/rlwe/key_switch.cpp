#include "cloister/rlwe/key_switch.h"

#include <algorithm>
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

// sum += P c on a block of limb i of Q: modulo P's own primes there is nothing to add.
void KeySwitcher::add_p_times(const EvaluationPoly& c, std::size_t i, std::size_t start, std::size_t count,
                              std::uint64_t* sum) const {
  const Modulus& modulus = c.modulus(i);
  const KernelTable& kernels = c.ring()->kernels();
  alignas(64) std::array<std::uint64_t, kBlock> scaled;
  kernels.mul_scalar(modulus, c.limb(i) + start, ShoupFactor(parameters_->p_modulo(i), modulus), scaled.data(),
                     count);
  kernels.add(modulus, sum, scaled.data(), sum, count);
}

PolyPair KeySwitcher::switch_key(const EvaluationPoly& a, const KeySwitchKey& key) const {
  const LimbSet limbs{a.limbs().q, 0};
  PolyPair out{EvaluationPoly::uninitialized(a.ring(), limbs), EvaluationPoly::uninitialized(a.ring(), limbs)};
  switch_digits(decompose(a), key,
                [&](std::size_t part, std::size_t i, const std::uint64_t* values) {
                  std::copy_n(values, a.degree(), (part == 0 ? out.first : out.second).limb(i));
                });
  return out;
}

}  // namespace cloister::rlwe
