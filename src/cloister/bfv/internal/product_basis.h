#pragma once

#include <array>
#include <memory>
#include <vector>

#include "cloister/base/thread_pool.h"
#include "cloister/ring/base_converter.h"
#include "cloister/ring/limb_division.h"
#include "cloister/ring/rns_poly.h"
#include "cloister/rlwe/parameters.h"

namespace cloister::bfv::internal {

/// Products of ciphertexts, scaled by t / Q, in residues. The first operand is taken modulo Q and lifted to a
/// second modulus R; the second is brought from Q to R, round(R / Q b), and lifted to Q. Their products
/// modulo QR, scaled by t / R, are then those of the ciphertexts modulo Q, since multiples of QR become
/// multiples of Q: R needs to be no larger than Q and what its rounding costs (noise.h), while products of
/// both modulo Q need log2(t N) bits more and a conversion back to Q. Immutable. Source: Kim, Polyakov,
/// Zucca, "Revisiting homomorphic encryption schemes for finite fields", 2021, section 3 (HPSPOverQ).
/// Changed: all roundings are centred; every step is a conversion or a division with weights, so that factors
/// like R modulo q and t cost nothing.
class ProductBasis {
 public:
  ProductBasis(const rlwe::Parameters& parameters, const Modulus& t);

  /// log2 R for ciphertexts of so many limbs.
  double log2_modulus(std::size_t q_limbs) const noexcept { return levels_[q_limbs - 1].log2_r; }

  /// The three parts of round(t / Q a b). Cost: 9 l + 7 r transforms for l limbs of Q and r of R.
  using Pair = std::array<const EvaluationPoly*, 2>;
  std::array<EvaluationPoly, 3> multiply(const Pair& a, const Pair& b, const ThreadPool& pool) const;

 private:
  struct Level {
    std::size_t r;  // limbs of R
    double log2_r;
    BaseConverter lift;       // from Q to R
    BaseConverter scale;      // from Q to R, times R / Q
    BaseConverter lift_back;  // from R to Q
    LimbDivision down;        // by R, times t
  };
  using Words = PooledBuffer<std::uint64_t>;
  // Limbs of one operand's two parts, between head and tail of their transforms.
  struct Raised {
    std::array<std::vector<std::uint64_t*>, 2> q, r;
    std::vector<Words> words;
  };

  void raise(const Pair& a, const Pair& b, const ThreadPool& pool, Raised& raised_a, Raised& raised_b) const;
  void tensor(const Pair& a, const Raised& raised_a, const Raised& raised_b, std::size_t l, std::size_t task,
              std::array<EvaluationPoly, 3>& out) const;
  Level make_level(std::size_t q_limbs, const Modulus& t) const;
  Words room(std::size_t limbs, std::vector<std::uint64_t*>& places) const;

  std::shared_ptr<const Ring> ring_;  // of Q and R
  std::vector<Level> levels_;         // [q_limbs - 1]
};

}  // namespace cloister::bfv::internal
