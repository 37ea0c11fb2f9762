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
  /// Weights: polynomials whose limbs modulo the j-th divisor are a part `weights.from[j]` of what they come
  /// as, and modulo the i-th prime of kept() come `weights.to[i]` times; quotients come as they are.
  LimbDivision(const Ring& ring, std::vector<std::size_t> divisors, std::vector<std::size_t> kept,
               const std::optional<BaseConverter::Weights>& weights = {});

  std::span<const std::size_t> divisors() const noexcept { return converter_.from(); }
  std::span<const std::size_t> kept() const noexcept { return converter_.to(); }

  /// From a polynomial's values modulo each divisor, N of them between head and tail of the inverse
  /// transform, to its centred remainder modulo D: [q][N] modulo the first q of kept(), between head and tail
  /// of the forward transform, BaseConverter::limb_distance apart. Cost: a base conversion.
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
    const std::size_t kept = std::min(this->kept().size(), a[0]->limbs().q);  // fewer at a lower level
    if (divisors().size() == 1 && !converter_.is_weighted())
      return apply_to_blocks<kParts>(
          ring, kept, pool,
          [&](std::size_t prime, std::size_t first, std::size_t, std::uint64_t*) {
            std::array<const std::uint64_t*, kParts> out{};
            for (std::size_t part = 0; part < kParts; ++part)
              out[part] = a[part]->limb_of_prime(prime) + first;
            return out;
          },
          destination);
    const auto remainders = this->remainders(std::span<const EvaluationPoly* const>(a), kept, pool);
    // Of each part of a prime all polynomials in turn, while its roots are near.
    pool.parallel_for(kept, [&](std::size_t i) {
      const std::size_t size = ring.degree() / kNttParts;
      auto lifted = ring.words(size);
      for (std::size_t k = 0; k < kNttParts; ++k)
        for (std::size_t part = 0; part < kParts; ++part) {
          ring.kernels().ntt_forward_tail(
              ring.ntt(this->kept()[i]), k,
              remainders[part].data() + i * BaseConverter::limb_distance(ring) + k * size, lifted.data());
          divide(ring, i, a[part]->limb_of_prime(this->kept()[i]) + k * size, lifted.data(),
                 destination(part, i) + k * size, size);
        }
    });
  }

  /// The same by one prime, of polynomials that are made a block of a limb at a time, a limb once:
  /// values(prime, first, count, scratch) returns where the values [first, first
  /// + count) of all of them lie, which may be in kBlockWords words of scratch; count is at most kBlock.
  template <std::size_t kParts, typename Values, typename Destination>
  void apply_to_blocks(const Ring& ring, std::size_t kept, const ThreadPool& pool, const Values& values,
                       const Destination& destination) const;
  static constexpr std::size_t kBlock = 1024, kBlockWords = 3 * kBlock;

 private:
  // The remainders of polynomials by several divisors: what lift() makes of each.
  std::vector<PooledBuffer<std::uint64_t>> remainders(std::span<const EvaluationPoly* const> a,
                                                      std::size_t kept, const ThreadPool& pool) const;
  // The only divisor's remainder, N coefficients, between head and tail of the transform modulo the i-th
  // prime of kept().
  void lift_one(const Ring& ring, std::size_t i, const std::uint64_t* remainder, std::uint64_t* out) const;

  BaseConverter converter_;
  std::vector<ShoupFactor> inverses_;  // (D weight)^-1 modulo each prime that is kept
};

template <std::size_t kParts, typename Values, typename Destination>
void LimbDivision::apply_to_blocks(const Ring& ring, std::size_t kept, const ThreadPool& pool,
                                   const Values& values, const Destination& destination) const {
  const KernelTable& kernels = ring.kernels();
  const std::size_t n = ring.degree(), size = n / kNttParts, divisor = divisors()[0];
  const std::size_t block = std::min(kBlock, size);
  auto remainders = ring.words(kParts * n);
  pool.parallel_for(kNttParts, [&](std::size_t k) {
    alignas(64) std::array<std::uint64_t, kBlockWords> scratch;
    for (std::size_t first = k * size; first < (k + 1) * size; first += block) {
      const auto from = values(divisor, first, block, scratch.data());
      for (std::size_t part = 0; part < kParts; ++part)
        std::copy_n(from[part], block, remainders.data() + part * n + first);
    }
  });
  pool.parallel_for(kParts, [&](std::size_t part) {
    std::uint64_t* const x = remainders.data() + part * n;
    kernels.ntt_inverse(ring.ntt(divisor), x, x);
  });
  pool.parallel_for(kept, [&](std::size_t i) {
    const std::size_t prime = this->kept()[i];
    auto lifted = ring.words(kParts * n);
    alignas(64) std::array<std::uint64_t, kBlockWords> scratch;
    for (std::size_t part = 0; part < kParts; ++part)
      lift_one(ring, i, remainders.data() + part * n, lifted.data() + part * n);
    for (std::size_t k = 0; k < kNttParts; ++k) {
      for (std::size_t part = 0; part < kParts; ++part) {
        std::uint64_t* const x = lifted.data() + part * n + k * size;
        kernels.ntt_forward_tail(ring.ntt(prime), k, x, x);
      }
      for (std::size_t first = k * size; first < (k + 1) * size; first += block) {
        const auto from = values(prime, first, block, scratch.data());
        for (std::size_t part = 0; part < kParts; ++part)
          divide(ring, i, from[part], lifted.data() + part * n + first, destination(part, i) + first, block);
      }
    }
  });
}

}  // namespace cloister
