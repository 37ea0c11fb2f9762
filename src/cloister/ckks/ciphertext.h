#pragma once

#include <optional>
#include <vector>

#include "cloister/ckks/scale.h"
#include "cloister/ckks/value_bound.h"
#include "cloister/random/prng.h"
#include "cloister/ring/rns_poly.h"

namespace cloister::ckks {

/// Slot values encoded as a polynomial, ready to be added to or multiplied with ciphertexts of its level
/// or below.
struct Plaintext {
  EvaluationPoly poly;
  Scale scale;
  ValueBound bound;

  int level() const noexcept { return static_cast<int>(poly.limbs().q) - 1; }
};

/// An encrypted vector of N/2 complex slots: two parts, or three between a product and relinearize.
/// Move-only; clone() copies.
struct Ciphertext {
  std::vector<EvaluationPoly> parts;
  Scale scale;
  ValueBound bound;
  /// While fresh from an owner's key: what parts[1] is the expansion of (stream 0), so that half the
  /// bytes travel. Operations drop it.
  std::optional<Seed> seed;

  int level() const noexcept { return static_cast<int>(parts.front().limbs().q) - 1; }
  Ciphertext clone() const {
    std::vector<EvaluationPoly> copy;
    copy.reserve(parts.size());
    for (const auto& p : parts) copy.push_back(p.clone());
    return {std::move(copy), scale, bound, seed};
  }
};

}  // namespace cloister::ckks
