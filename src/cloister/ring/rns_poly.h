#pragma once

#include <cstring>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "cloister/base/memory.h"
#include "cloister/base/memory_pool.h"
#include "cloister/base/thread_pool.h"
#include "cloister/ring/ring.h"

namespace cloister {

/// The two forms of a polynomial, kept apart in its type.
enum class Domain { kCoefficient, kEvaluation };

/// A polynomial of a ring in residues, [limbs][N], canonical. Move-only; clone() copies. Its memory is the
/// ring's pool's, or borrowed, read-only, from a mapped file; that of kSecret polynomials (a secret key) is
/// their own, and wiped when they are destroyed.
template <Domain kDomain, Secrecy kSecrecy = Secrecy::kPublic>
class BasicRnsPoly {
 public:
  /// The zero polynomial.
  BasicRnsPoly(std::shared_ptr<const Ring> ring, LimbSet limbs)
      : BasicRnsPoly(uninitialized(std::move(ring), limbs)) {
    std::memset(limb(0), 0, words() * sizeof(std::uint64_t));
  }

  static BasicRnsPoly uninitialized(std::shared_ptr<const Ring> ring, LimbSet limbs) {
    const std::size_t words = limbs.count() * ring->degree();
    if constexpr (kSecrecy == Secrecy::kSecret) {
      return BasicRnsPoly(std::move(ring), limbs, Residues::uninitialized(words));
    } else {
      auto residues = ring->words(words);
      return BasicRnsPoly(std::move(ring), limbs, std::move(residues));
    }
  }

  /// Residues that lie elsewhere, [limbs][N], at a cache line's start, for as long as `owner` lives. Only
  /// const members may be used of it; its clone() is an ordinary polynomial.
  static BasicRnsPoly borrowed(std::shared_ptr<const Ring> ring, LimbSet limbs,
                               std::shared_ptr<const void> owner,
                               const std::uint64_t* residues) requires(kSecrecy == Secrecy::kPublic) {
    const std::size_t words = limbs.count() * ring->degree();
    return BasicRnsPoly(std::move(ring), limbs, Residues::borrowed(std::move(owner), {residues, words}));
  }

  BasicRnsPoly clone() const {
    auto out = uninitialized(ring_, limbs_);
    std::memcpy(out.limb(0), limb(0), words() * sizeof(std::uint64_t));
    return out;
  }

  const std::shared_ptr<const Ring>& ring() const noexcept { return ring_; }
  const LimbSet& limbs() const noexcept { return limbs_; }
  std::size_t degree() const noexcept { return ring_->degree(); }

  std::uint64_t* limb(std::size_t i) noexcept { return residues_.data() + i * degree(); }
  const std::uint64_t* limb(std::size_t i) const noexcept { return residues_.data() + i * degree(); }
  std::span<std::uint64_t> limb_span(std::size_t i) noexcept { return {limb(i), degree()}; }
  std::span<const std::uint64_t> limb_span(std::size_t i) const noexcept { return {limb(i), degree()}; }

  /// The limb of a prime of the ring, by its index; the polynomial must have it.
  const std::uint64_t* limb_of_prime(std::size_t prime) const noexcept {
    return limb(prime < ring_->q_count() ? prime : limbs_.q + (prime - ring_->q_count()));
  }
  std::size_t prime_index(std::size_t i) const noexcept { return ring_->prime_index(limbs_, i); }
  const Modulus& modulus(std::size_t i) const noexcept { return ring_->modulus(prime_index(i)); }

  /// Forgets limbs of Q above the first `q`: the level drops, nothing is copied or freed. The
  /// polynomial must have no limb of P.
  void keep_limbs(std::size_t q) noexcept { limbs_.q = q; }

 private:
  template <Domain, Secrecy>
  friend class BasicRnsPoly;
  template <Secrecy S>
  friend BasicRnsPoly<Domain::kEvaluation, S> to_evaluation(BasicRnsPoly<Domain::kCoefficient, S>,
                                                            const ThreadPool&);
  template <Secrecy S>
  friend BasicRnsPoly<Domain::kCoefficient, S> to_coefficient(BasicRnsPoly<Domain::kEvaluation, S>,
                                                              const ThreadPool&);

  using Residues = std::conditional_t<kSecrecy == Secrecy::kSecret, SecretBuffer<std::uint64_t>,
                                      PooledBuffer<std::uint64_t>>;

  BasicRnsPoly(std::shared_ptr<const Ring> ring, LimbSet limbs, Residues residues)
      : ring_(std::move(ring)), limbs_(limbs), residues_(std::move(residues)) {}

  std::size_t words() const noexcept { return limbs_.count() * degree(); }

  std::shared_ptr<const Ring> ring_;
  LimbSet limbs_;
  Residues residues_;
};

template <Domain kDomain>
using RnsPoly = BasicRnsPoly<kDomain>;
using CoefficientPoly = RnsPoly<Domain::kCoefficient>;
using EvaluationPoly = RnsPoly<Domain::kEvaluation>;
using SecretEvaluationPoly = BasicRnsPoly<Domain::kEvaluation, Secrecy::kSecret>;
using SecretCoefficientPoly = BasicRnsPoly<Domain::kCoefficient, Secrecy::kSecret>;

/// Transforms in place, one limb a task, and hands the storage over.
template <Secrecy kSecrecy>
BasicRnsPoly<Domain::kEvaluation, kSecrecy> to_evaluation(BasicRnsPoly<Domain::kCoefficient, kSecrecy> poly,
                                                          const ThreadPool& pool) {
  const Ring& ring = *poly.ring();
  pool.parallel_for(poly.limbs().count(), [&](std::size_t i) {
    ring.kernels().ntt_forward(ring.ntt(poly.prime_index(i)), poly.limb(i), poly.limb(i));
  });
  return {std::move(poly.ring_), poly.limbs_, std::move(poly.residues_)};
}

template <Secrecy kSecrecy>
BasicRnsPoly<Domain::kCoefficient, kSecrecy> to_coefficient(BasicRnsPoly<Domain::kEvaluation, kSecrecy> poly,
                                                            const ThreadPool& pool) {
  const Ring& ring = *poly.ring();
  pool.parallel_for(poly.limbs().count(), [&](std::size_t i) {
    ring.kernels().ntt_inverse(ring.ntt(poly.prime_index(i)), poly.limb(i), poly.limb(i));
  });
  return {std::move(poly.ring_), poly.limbs_, std::move(poly.residues_)};
}

}  // namespace cloister
