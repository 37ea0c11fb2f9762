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

void LimbSum::operator()(std::size_t start, std::size_t count, std::uint64_t* b,
                         std::uint64_t* a) const noexcept {
  product_(start, count, b, a);
  if (plus_b_.values == nullptr) return;
  alignas(64) std::array<std::uint64_t, LimbProduct::kBlock> multiple;
  const KernelTable& kernels = product_.ring().kernels();
  const std::size_t from = product_.part_start() + start;
  const auto add = [&](const Plus& plus, std::uint64_t* to) {
    kernels.mul_scalar(product_.modulus(), plus.values + from, plus.factor, multiple.data(), count);
    kernels.add(product_.modulus(), to, multiple.data(), to, count);
  };
  add(plus_b_, b);
  add(plus_a_, a);
}

PolyPair KeySwitcher::switch_key(const EvaluationPoly& a, const KeySwitchKey& key) const {
  const LimbSet limbs{a.limbs().q, 0};
  PolyPair out{EvaluationPoly::uninitialized(a.ring(), limbs),
               EvaluationPoly::uninitialized(a.ring(), limbs)};
  switch_digits(decompose(a, Decomposition::Use::kOnce), key,
                [&](std::size_t half, std::size_t i, std::size_t part, const std::uint64_t* values) {
                  const std::size_t size = a.degree() / kNttParts;
                  std::copy_n(values, size, (half == 0 ? out.first : out.second).limb(i) + part * size);
                });
  return out;
}

}  // namespace cloister::rlwe
