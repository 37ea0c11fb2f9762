#include "cloister/ckks/rotations.h"

#include <bit>

#include "cloister/ckks/noise.h"
#include "cloister/ring/poly_ops.h"
#include "cloister/rlwe/galois.h"

namespace cloister::ckks {

const rlwe::GaloisKey& Rotations::key(std::uint64_t element, const std::string& what) const {
  if (evaluator_->keys() == nullptr) throw MissingKeyError(what + ": no evaluation keys were given", element);
  return evaluator_->keys()->galois(element, what);
}

Ciphertext Rotations::switched(const Ciphertext& a, const rlwe::Decomposition& digits,
                               const rlwe::GaloisKey& key) const {
  const Ring& ring = *a.parts[0].ring();
  Ciphertext out{{}, a.scale, a.bound, {}};
  for (const auto& part : a.parts) out.parts.push_back(EvaluationPoly::uninitialized(part.ring(), part.limbs()));
  evaluator_->key_switcher().switch_digits(
      digits, key.key, [&](std::size_t part, std::size_t i, std::uint64_t* limb) {
    if (part == 0) ring.kernels().add(ring.modulus(i), limb, a.parts[0].limb(i), limb, ring.degree());
    ring.kernels().permute(limb, key.automorphism.map(), out.parts[part].limb(i), ring.degree());
  });
  out.bound.error += key_switch_error(evaluator_->parameters(), a.level(), a.scale);
  return out;
}

Ciphertext Rotations::switched(const Ciphertext& a, const rlwe::GaloisKey& key) const {
  const auto& switcher = evaluator_->key_switcher();
  return switched(a, switcher.decompose(a.parts[1], rlwe::Decomposition::Use::kOnce), key);
}

std::vector<Ciphertext> Rotations::rotate_hoisted(const Ciphertext& a,
                                                  std::span<const std::int64_t> steps) const {
  if (a.parts.size() != 2) throw ParametersError("rotate: relinearize the product first");
  const int log2_degree = evaluator_->parameters().ring()->log2_degree();
  const auto& switcher = evaluator_->key_switcher();
  std::optional<rlwe::Decomposition> digits;
  std::vector<Ciphertext> out;
  out.reserve(steps.size());
  for (const std::int64_t step : steps) {
    const auto element = rlwe::galois_element_of_rotation(step, log2_degree);
    if (element == 1) {
      out.push_back(a.clone());
      continue;
    }
    const auto& k = key(element, "rotate by " + std::to_string(step));
    if (!digits) digits.emplace(switcher.decompose(a.parts[1], rlwe::Decomposition::Use::kHoisted));
    out.push_back(switched(a, *digits, k));
  }
  return out;
}

Ciphertext Rotations::rotate_once(const Ciphertext& a, std::int64_t step) const {
  if (a.parts.size() != 2) throw ParametersError("rotate: relinearize the product first");
  const auto element =
      rlwe::galois_element_of_rotation(step, evaluator_->parameters().ring()->log2_degree());
  return element == 1 ? a.clone() : switched(a, key(element, "rotate by " + std::to_string(step)));
}

Ciphertext Rotations::rotate(const Ciphertext& a, std::int64_t steps) const {
  if (basis_.empty()) return rotate_once(a, steps);
  Ciphertext out = a.clone();
  for (const std::int64_t step : basis_.path(steps)) out = rotate_once(out, step);
  return out;
}

Ciphertext Rotations::conjugate(const Ciphertext& a) const {
  if (a.parts.size() != 2) throw ParametersError("conjugate: relinearize the product first");
  const auto element = rlwe::galois_element_of_conjugation(evaluator_->parameters().ring()->log2_degree());
  return switched(a, key(element, "conjugate"));
}

std::vector<std::int64_t> Rotations::sum_slots_steps(std::int64_t stride, std::int64_t count) {
  if (count < 1 || !std::has_single_bit(static_cast<std::uint64_t>(count)))
    throw ParametersError("sum_slots: the count " + std::to_string(count) + " is not a power of two");
  std::vector<std::int64_t> steps;
  for (std::int64_t k = 1; k < count; k *= 2) steps.push_back(k * stride);
  return steps;
}

Ciphertext Rotations::sum_slots(const Ciphertext& a, std::int64_t stride, std::int64_t count) const {
  Ciphertext out = a.clone();
  for (const std::int64_t step : sum_slots_steps(stride, count)) evaluator_->add_to(out, rotate(out, step));
  return out;
}

}  // namespace cloister::ckks
