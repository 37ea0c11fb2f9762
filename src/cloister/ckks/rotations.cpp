#include "cloister/ckks/rotations.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "cloister/ckks/noise.h"
#include "cloister/ring/poly_ops.h"
#include "cloister/rlwe/galois.h"

namespace cloister::ckks {

void Rotations::check(const Ciphertext& a, const char* operation) const {
  evaluator_->check_ring(a);
  if (a.parts.size() != 2) throw ParametersError(std::string(operation) + ": relinearize the product first");
}

const rlwe::GaloisKey& Rotations::key(std::uint64_t element, const std::string& what) const {
  if (evaluator_->keys() == nullptr) throw MissingKeyError(what + ": no evaluation keys were given", element);
  return evaluator_->keys()->galois(element, what);
}

Ciphertext Rotations::switched(const Ciphertext& a, const rlwe::Decomposition& digits,
                               const rlwe::GaloisKey& key) const {
  auto [first, second] = evaluator_->key_switcher().apply_automorphism(a.parts[0], digits, key);
  Ciphertext out{{}, a.scale, a.bound, {}};
  out.parts.push_back(std::move(first));
  out.parts.push_back(std::move(second));
  out.bound.error += key_switch_error(evaluator_->parameters(), a.level(), a.scale);
  return out;
}

Ciphertext Rotations::switched(const Ciphertext& a, const rlwe::GaloisKey& key) const {
  const auto& switcher = evaluator_->key_switcher();
  return switched(a, switcher.decompose(a.parts[1], rlwe::Decomposition::Use::kOnce), key);
}

std::vector<Ciphertext> Rotations::rotate_hoisted(const Ciphertext& a,
                                                  std::span<const std::int64_t> steps) const {
  check(a, "rotate");
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
  check(a, "rotate");
  const auto element = rlwe::galois_element_of_rotation(step, evaluator_->parameters().ring()->log2_degree());
  return element == 1 ? a.clone() : switched(a, key(element, "rotate by " + std::to_string(step)));
}

Ciphertext Rotations::rotate(const Ciphertext& a, std::int64_t steps) const {
  if (basis_.empty()) return rotate_once(a, steps);
  Ciphertext out = a.clone();
  for (const std::int64_t step : basis_.path(steps)) out = rotate_once(out, step);
  return out;
}

Ciphertext Rotations::conjugate(const Ciphertext& a) const {
  check(a, "conjugate");
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

std::vector<Ciphertext> Rotations::rotate_multiples(const Ciphertext& a, std::int64_t stride,
                                                    std::int64_t count) const {
  sum_slots_steps(stride, count);  // refuses other counts
  std::vector<std::optional<Ciphertext>> out(static_cast<std::size_t>(count));
  out[0] = a.clone();
  // Result i is there wherever i is a multiple of `have`; the widest stride goes first, so that the stage of
  // two, if there is one, has the fewest operands to decompose.
  for (std::int64_t have = count; have > 1;) {
    const std::int64_t radix = std::bit_width(static_cast<std::uint64_t>(have)) % 2 == 0 ? 2 : 4;
    const std::int64_t next = have / radix, step = next * stride;
    const std::array<std::int64_t, 3> three{step, 2 * step, 3 * step};
    const bool hoists = radix == 4 && std::ranges::all_of(three, [&](std::int64_t s) { return has_key(s); });
    for (std::int64_t i = 0; i < count; i += have) {
      const auto at = [&](std::int64_t k) -> auto& { return out[static_cast<std::size_t>(i + k * next)]; };
      if (hoists) {
        auto turned = rotate_hoisted(*at(0), three);
        for (std::int64_t k = 1; k < radix; ++k) at(k) = std::move(turned[static_cast<std::size_t>(k - 1)]);
      } else {
        for (std::int64_t k = 1; k < radix; ++k) at(k) = rotate(*at(k - 1), step);
      }
    }
    have = next;
  }
  std::vector<Ciphertext> all;
  for (auto& c : out) all.push_back(std::move(*c));
  return all;
}

bool Rotations::has_key(std::int64_t step) const {
  return evaluator_->keys() != nullptr && evaluator_->keys()->has_galois(rlwe::galois_element_of_rotation(
                                              step, evaluator_->parameters().ring()->log2_degree()));
}

Ciphertext Rotations::add_rotations(const Ciphertext& a, std::span<const std::int64_t> steps) const {
  check(a, "rotate");
  const Ring& ring = *a.parts[0].ring();
  const std::size_t n = ring.degree();
  std::vector<const rlwe::GaloisKey*> keys;
  for (const std::int64_t step : steps)
    keys.push_back(&key(rlwe::galois_element_of_rotation(step, ring.log2_degree()),
                        "rotate by " + std::to_string(step)));
  const auto& switcher = evaluator_->key_switcher();
  const auto digits = switcher.decompose(a.parts[1], rlwe::Decomposition::Use::kHoisted);
  Ciphertext out = a.clone();
  out.seed.reset();
  switcher.switch_sum(
      digits, keys,
      rlwe::PartByPart{[&](std::size_t half, std::size_t i, std::size_t part, const std::uint64_t* values) {
        const std::size_t size = n / kNttParts, first = part * size;
        const Modulus& modulus = ring.modulus(i);
        std::uint64_t* to = out.parts[half].limb(i) + first;
        ring.kernels().add(modulus, to, values, to, size);
        if (half == 1) return;
        auto moved = ring.words(size);
        for (const auto* k : keys) {
          ring.kernels().permute(a.parts[0].limb(i), k->automorphism.map() + first, moved.data(), size);
          ring.kernels().add(modulus, to, moved.data(), to, size);
        }
      }});
  // The operand's error in every copy; the keys' errors add, the rounding is one.
  const double copies = 1 + static_cast<double>(keys.size());
  out.bound = {
      copies * a.bound.magnitude,
      copies * a.bound.error +
          static_cast<double>(keys.size()) * key_error(evaluator_->parameters(), a.level(), a.scale) +
          key_switch_error(evaluator_->parameters(), a.level(), a.scale)};
  return out;
}

Ciphertext Rotations::sum_slots(const Ciphertext& a, std::int64_t stride, std::int64_t count) const {
  sum_slots_steps(stride, count);  // refuses other counts
  Ciphertext out = a.clone();
  while (count > 1) {
    const std::array<std::int64_t, 3> three{stride, 2 * stride, 3 * stride};
    if (count % 4 == 0 && std::ranges::all_of(three, [&](std::int64_t step) { return has_key(step); })) {
      out = add_rotations(out, three);
      stride *= 4;
      count /= 4;
    } else {
      evaluator_->add_to(out, rotate(out, stride));
      stride *= 2;
      count /= 2;
    }
  }
  return out;
}

}  // namespace cloister::ckks
