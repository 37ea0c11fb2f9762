#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "cloister/ring/base_converter.h"
#include "cloister/ring/rns_poly.h"

namespace cloister {

/// Division of polynomials by the product D of some of their limbs, rounded to nearest: rescaling, and the way
/// down after a key switch, or both at once. Immutable.
/// Source: Cheon, Han, Kim, Kim, Song, "A full RNS variant of approximate homomorphic encryption", 2018.
/// Changed: the remainder is centred, since flooring leaves a bias that a dense key amplifies.
class LimbDivision {
 public:
  /// By the primes `divisors`, of polynomials whose other limbs are prefixes of `kept` (indices of the ring).
  LimbDivision(const Ring& ring, std::vector<std::size_t> divisors, std::vector<std::size_t> kept);

  std::span<const std::size_t> divisors() const noexcept { return converter_.from(); }
  std::span<const std::size_t> kept() const noexcept { return converter_.to(); }

  /// From a polynomial's values modulo each divisor, N of them between head and tail of the inverse transform,
  /// to its centred remainder modulo D: [q][N] modulo the first q of kept(), between head and tail of the forward
  /// transform. Cost: a base conversion.
  PooledBuffer<std::uint64_t> lift(const Ring& ring, std::span<const std::uint64_t* const> values, std::size_t q,
                                   const ThreadPool& pool) const;
  /// `count` values of limb i of the quotient, in place of those of the lifted remainder.
  void divide(const Ring& ring, std::size_t i, const std::uint64_t* dividend, std::uint64_t* remainder,
              std::size_t count) const;

  /// round(a / D) for several polynomials of equal limbs, which must be the first q of kept() and all of
  /// divisors(): calls finish(part, i, quotient) with each limb's N values, which it may overwrite.
  template <std::size_t kParts, typename Finish>
  void apply(const std::array<const EvaluationPoly*, kParts>& a, const ThreadPool& pool,
             const Finish& finish) const {
    const Ring& ring = *a[0]->ring();
    const std::size_t n = ring.degree(), size = n / kNttParts;
    std::array<PooledBuffer<std::uint64_t>, kParts> lifted;
    for (std::size_t part = 0; part < kParts; ++part) lifted[part] = lifted_remainder(*a[part], pool);
    // Of each prime all polynomials in turn, while its roots are near.
    pool.parallel_for(a[0]->limbs().count() - divisors().size(), [&](std::size_t i) {
      auto quotient = ring.words(n);
      for (std::size_t part = 0; part < kParts; ++part) {
        const std::uint64_t* dividend = a[part]->limb_of_prime(kept()[i]);
        for (std::size_t k = 0; k < n; k += size) {
          ring.kernels().ntt_forward_tail(ring.ntt(kept()[i]), k / size, lifted[part].data() + i * n + k,
                                          quotient.data() + k);
          divide(ring, i, dividend + k, quotient.data() + k, size);
        }
        finish(part, i, quotient.data());
      }
    });
  }

 private:
  PooledBuffer<std::uint64_t> lifted_remainder(const EvaluationPoly& a, const ThreadPool& pool) const;

  BaseConverter converter_;
  std::vector<ShoupFactor> inverses_;  // D^-1 modulo each prime that is kept
};

}  // namespace cloister
