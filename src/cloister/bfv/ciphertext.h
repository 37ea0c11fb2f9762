#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "cloister/bfv/noise_bound.h"
#include "cloister/random/prng.h"
#include "cloister/ring/rns_poly.h"

namespace cloister::bfv {

/// A polynomial modulo t: N coefficients in [0, t). Move-only.
struct Plaintext {
  PooledBuffer<std::uint64_t> coefficients;

  std::span<const std::uint64_t> span() const noexcept { return {coefficients.data(), coefficients.size()}; }
};

/// How large a plaintext is, of its coefficients centred, as a factor.
struct FactorNorm {
  double sum = 0;   ///< of magnitudes
  double root = 0;  ///< of the sum of squares
};

/// A plaintext as a factor of ciphertexts of its level or below: transformed, once for many products.
struct Factor {
  EvaluationPoly poly;
  FactorNorm norm;

  int level() const noexcept { return static_cast<int>(poly.limbs().q) - 1; }
};

/// An encrypted plaintext: two parts, or three between a product and relinearize. Move-only; clone() copies.
struct Ciphertext {
  std::vector<EvaluationPoly> parts;
  NoiseBound noise;
  /// While fresh from an owner's key: what parts[1] is the expansion of (stream 0), so that half the
  /// bytes travel. Operations drop it.
  std::optional<Seed> seed;

  int level() const noexcept { return static_cast<int>(parts.front().limbs().q) - 1; }
  Ciphertext clone() const {
    std::vector<EvaluationPoly> copy;
    copy.reserve(parts.size());
    for (const auto& p : parts) copy.push_back(p.clone());
    return {std::move(copy), noise, seed};
  }
};

}  // namespace cloister::bfv
