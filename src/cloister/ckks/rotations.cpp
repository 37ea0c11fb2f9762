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

Ciphertext Rotations::apply(const Ciphertext& a, const rlwe::Decomposition& digits,
                            const rlwe::GaloisKey& key) const {
  const auto& switcher = evaluator_->key_switcher();
  const auto& pool = evaluator_->pool();
  const auto raised = switcher.inner_product(digits, key.key);
  auto b = switcher.mod_down(raised.first);
  const auto a1 = switcher.mod_down(raised.second);
  cloister::add(b, a.parts[0], b, pool);
  Ciphertext out{{}, a.scale, a.bound, {}};
  out.parts.push_back(key.automorphism.apply(b, pool));
  out.parts.push_back(key.automorphism.apply(a1, pool));
  out.bound.error += key_switch_error(evaluator_->parameters(), a.level(), a.scale);
  return out;
}

std::vector<Ciphertext> Rotations::rotate_hoisted(const Ciphertext& a,
                                                  std::span<const std::int64_t> steps) const {
  if (a.parts.size() != 2) throw ParametersError("rotate: relinearize the product first");
  const int log2_degree = evaluator_->parameters().ring()->log2_degree();
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
    if (!digits) digits = evaluator_->key_switcher().decompose(a.parts[1]);
    out.push_back(apply(a, *digits, k));
  }
  return out;
}

Ciphertext Rotations::rotate(const Ciphertext& a, std::int64_t steps) const {
  if (basis_.empty()) return std::move(rotate_hoisted(a, std::span(&steps, 1)).front());
  Ciphertext out = a.clone();
  for (const std::int64_t step : basis_.path(steps))
    out = std::move(rotate_hoisted(out, std::span(&step, 1)).front());
  return out;
}

Ciphertext Rotations::conjugate(const Ciphertext& a) const {
  if (a.parts.size() != 2) throw ParametersError("conjugate: relinearize the product first");
  const auto element = rlwe::galois_element_of_conjugation(evaluator_->parameters().ring()->log2_degree());
  const auto& k = key(element, "conjugate");
  return apply(a, evaluator_->key_switcher().decompose(a.parts[1]), k);
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
