#include "cloister/bfv/rotations.h"

#include <optional>
#include <string>

#include "cloister/bfv/internal/checks.h"
#include "cloister/bfv/noise.h"
#include "cloister/rlwe/galois.h"

namespace cloister::bfv {

void Rotations::check(const Ciphertext& a) const {
  internal::require_ring(evaluator_->parameters(), a.parts.front(), "ciphertext");
  if (a.parts.size() != 2) throw ParametersError("rotate: relinearize the product first");
}

const rlwe::GaloisKey& Rotations::key(std::uint64_t element, const std::string& what) const {
  if (evaluator_->keys() == nullptr) throw MissingKeyError(what + ": no evaluation keys were given", element);
  return evaluator_->keys()->galois(element, what);
}

Ciphertext Rotations::switched(const Ciphertext& a, const rlwe::Decomposition& digits,
                               const rlwe::GaloisKey& key) const {
  Ciphertext out{{}, a.noise + key_switch_noise(evaluator_->parameters(), a.level()), {}};
  internal::require_budget(evaluator_->parameters(), out.noise, "rotate");
  auto [b, second] = evaluator_->key_switcher().apply_automorphism(a.parts[0], digits, key);
  out.parts.push_back(std::move(b));
  out.parts.push_back(std::move(second));
  return out;
}

Ciphertext Rotations::moved(const Ciphertext& a, std::uint64_t element, const std::string& what) const {
  check(a);
  if (element == 1) return a.clone();
  const rlwe::GaloisKey& galois = key(element, what);
  return switched(a, evaluator_->key_switcher().decompose(a.parts[1], rlwe::Decomposition::Use::kOnce),
                  galois);
}

Ciphertext Rotations::rotate_rows(const Ciphertext& a, std::int64_t steps) const {
  const int log2_degree = evaluator_->parameters().ring()->log2_degree();
  return moved(a, rlwe::galois_element_of_rotation(steps, log2_degree),
               "rotate rows by " + std::to_string(steps));
}

Ciphertext Rotations::rotate_columns(const Ciphertext& a) const {
  const int log2_degree = evaluator_->parameters().ring()->log2_degree();
  return moved(a, rlwe::galois_element_of_conjugation(log2_degree), "rotate columns");
}

std::vector<Ciphertext> Rotations::rotate_rows_hoisted(const Ciphertext& a,
                                                       std::span<const std::int64_t> steps) const {
  check(a);
  const int log2_degree = evaluator_->parameters().ring()->log2_degree();
  std::optional<rlwe::Decomposition> digits;
  std::vector<Ciphertext> out;
  for (const std::int64_t step : steps) {
    const auto element = rlwe::galois_element_of_rotation(step, log2_degree);
    if (element == 1) {
      out.push_back(a.clone());
      continue;
    }
    const auto& galois = key(element, "rotate rows by " + std::to_string(step));
    if (!digits)
      digits.emplace(evaluator_->key_switcher().decompose(a.parts[1], rlwe::Decomposition::Use::kHoisted));
    out.push_back(switched(a, *digits, galois));
  }
  return out;
}

Ciphertext Rotations::sum_slots(const Ciphertext& a) const {
  const auto row = static_cast<std::int64_t>(evaluator_->parameters().ring()->degree() / 2);
  Ciphertext out = evaluator_->add(a, rotate_columns(a));
  for (std::int64_t step = 1; step < row; step *= 2) evaluator_->add_to(out, rotate_rows(out, step));
  return out;
}

}  // namespace cloister::bfv
