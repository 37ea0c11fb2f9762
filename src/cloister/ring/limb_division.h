#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "cloister/ring/base_converter.h"
#include "cloister/ring/rns_poly.h"

namespace cloister {

/// Division of polynomials by the product D of some of their limbs, rounded to nearest: rescaling, and the
/// way down after a key switch, or both at once. Immutable. Source: Cheon, Han, Kim, Kim, Song, "A full RNS
/// variant of approximate homomorphic encryption", 2018. Changed: the remainder is centred, since flooring
/// leaves a bias that a dense key amplifies.
class LimbDivision {
 public:
  /// By the primes `divisors`, of polynomials whose other limbs are prefixes of `kept` (indices of the ring).
  LimbDivision(const Ring& ring, std::vector<std::size_t> divisors, std::vector<std::size_t> kept);

  std::span<const std::size_t> divisors() const noexcept { return converter_.from(); }
  std::span<const std::size_t> kept() const noexcept { return converter_.to(); }

  /// From a polynomial's values modulo each divisor, N of them between head and tail of the inverse
  /// transform, to its centred remainder modulo D: [q][N] modulo the first q of kept(), between head and tail
  /// of the forward transform. Cost: a base conversion.
  PooledBuffer<std::uint64_t> lift(const Ring& ring, std::span<const std::uint64_t* const> values,
                                   std::size_t q, const ThreadPool& pool) const;
  /// `count` values of limb i of the quotient, from those of the polynomial and of the lifted remainder.
  /// `out` may be either.
  void divide(const Ring& ring, std::size_t i, const std::uint64_t* dividend, const std::uint64_t* remainder,
              std::uint64_t* out, std::size_t count) const {
    ring.kernels().sub_mul_scalar(ring.modulus(kept()[i]), dividend, remainder, inverses_[i], out, count);
  }

  /// round(a / D) for several polynomials of equal limbs, of which those of kept() count, a prefix, and all
  /// of divisors(): limb i of the quotient of the part-th goes to destination(part, i), N words, which may be
  /// the polynomial's own limb.
  template <std::size_t kParts, typename Destination>
  void apply(const std::array<const EvaluationPoly*, kParts>& a, const ThreadPool& pool,
             const Destination& destination) const {
    const Ring& ring = *a[0]->ring();
    std::array<PooledBuffer<std::uint64_t>, kParts> remainders;
    for (std::size_t part = 0; part < kParts; ++part) remainders[part] = remainder(*a[part], pool);
    // Of each prime all polynomials in turn, while its roots are near.
    pool.parallel_for(kept_of(*a[0]), [&](std::size_t i) {
      auto lifted = ring.words(ring.degree());
      for (std::size_t part = 0; part < kParts; ++part) {
        evaluate(ring, i, remainders[part].data(), lifted.data());
        divide(ring, i, a[part]->limb_of_prime(kept()[i]), lifted.data(), destination(part, i),
               ring.degree());
      }
    });
  }

 private:
  // How many of kept() a polynomial has: fewer at a lower level.
  std::size_t kept_of(const EvaluationPoly& a) const noexcept { return std::min(kept().size(), a.limbs().q); }
  // The remainder of a polynomial. Of one divisor [N], its coefficients, which are brought to each prime
  // while they lie in the second cache; of several what lift() makes of them.
  PooledBuffer<std::uint64_t> remainder(const EvaluationPoly& a, const ThreadPool& pool) const;
  // Its values modulo the i-th prime of kept().
  void evaluate(const Ring& ring, std::size_t i, const std::uint64_t* remainder, std::uint64_t* out) const;

  BaseConverter converter_;
  std::vector<ShoupFactor> inverses_;  // D^-1 modulo each prime that is kept
};

}  // namespace cloister
