#pragma once

#include <array>
#include <memory>
#include <utility>

#include "cloister/base/thread_pool.h"
#include "cloister/rlwe/decomposition.h"
#include "cloister/rlwe/keys.h"
#include "cloister/rlwe/parameters.h"

namespace cloister::rlwe {

using PolyPair = std::pair<EvaluationPoly, EvaluationPoly>;

/// Hybrid key switching, limb by limb: the digits of one limb are transformed, multiplied with the key and
/// divided by P while they lie in the nearer caches; what a limb needs of others is only the remainder
/// modulo P, so the limbs of P go first. With l limbs, k special ones and d digits a key switch takes l + 2 k
/// inverse and d (l + k) + l forward transforms, and reads 2 d (l + k) limbs of the key.
/// Source: Han, Ki 2020; hoisting: Halevi, Shoup, "Faster homomorphic linear transformations in HElib",
/// 2018; sums of rotations before the division: Bossuat et al. 2021 (double hoisting).
class KeySwitcher {
 public:
  KeySwitcher(std::shared_ptr<const Parameters> parameters, const ThreadPool& pool)
      : parameters_(std::move(parameters)), pool_(&pool) {}

  /// See Decomposition; the polynomial must outlive the result.
  Decomposition decompose(const EvaluationPoly& a,
                          Decomposition::Use use = Decomposition::Use::kHoisted) const {
    return Decomposition(*parameters_, a, use, *pool_);
  }

  /// (b', a') over Q with b' + a' s = a s' + noise (see noise.h).
  PolyPair switch_key(const EvaluationPoly& a, const KeySwitchKey& key) const;

  /// Products with one key, divided by P: finish(part, i, values) receives the N values of each limb of Q of
  /// both halves, which it may overwrite. Throws MissingKeyError if the key was made for fewer limbs.
  template <typename Finish>
  void switch_digits(const Decomposition& digits, const KeySwitchKey& key, const Finish& finish) const {
    require_limbs(key, digits.limbs());
    divide(parameters_->mod_down(), digits.limbs(), digits.scratch_words(), multiplier(digits, key), finish);
  }

  /// The same with P times (plus_b, plus_a) added, divided by P and the last limb of Q at once: mod-down and
  /// rescaling for the transforms and the rounding of one.
  template <typename Finish>
  void switch_and_rescale(const EvaluationPoly& a, const KeySwitchKey& key, const EvaluationPoly& plus_b,
                          const EvaluationPoly& plus_a, const Finish& finish) const {
    const auto digits = decompose(a, Decomposition::Use::kOnce);
    require_limbs(key, digits.limbs());
    const auto multiply = multiplier(digits, key);
    divide(
        parameters_->mod_down_and_rescale(a.limbs().q), digits.limbs(), digits.scratch_words(),
        [&](std::size_t i, std::uint64_t* b, std::uint64_t* a_out, std::uint64_t* scratch) {
          multiply(i, b, a_out, scratch);
          if (i >= a.limbs().q) return;
          add_p_times(plus_b, i, b);
          add_p_times(plus_a, i, a_out);
        },
        finish);
  }

  /// Divides a pair over `limbs` that produce(i, b, a, scratch) writes limb by limb, N values of each half,
  /// with `scratch_words` words of its own; the limbs of the divisor are asked for first, each limb once.
  template <typename Produce, typename Finish>
  void divide(const LimbDivision& division, LimbSet limbs, std::size_t scratch_words, const Produce& produce,
              const Finish& finish) const;

  /// Throws MissingKeyError if the key was made for fewer limbs of Q.
  static void require_limbs(const KeySwitchKey& key, LimbSet limbs);

 private:
  static auto multiplier(const Decomposition& digits, const KeySwitchKey& key) {
    return [&digits, &key](std::size_t i, std::uint64_t* b, std::uint64_t* a, std::uint64_t* scratch) {
      multiply_limb(digits.limb(i, scratch), key, digits.limbs(), i, b, a);
    };
  }
  void add_p_times(const EvaluationPoly& c, std::size_t i, std::uint64_t* sum) const;

  std::shared_ptr<const Parameters> parameters_;
  const ThreadPool* pool_;
};

template <typename Produce, typename Finish>
void KeySwitcher::divide(const LimbDivision& division, LimbSet limbs, std::size_t scratch_words,
                         const Produce& produce, const Finish& finish) const {
  const Ring& ring = *parameters_->ring();
  const std::size_t n = ring.degree(), divisors = division.divisors().size();
  const std::size_t kept = limbs.count() - divisors;
  std::array<PooledBuffer<std::uint64_t>, 2> lifted{ring.words(divisors * n), ring.words(divisors * n)};
  pool_->parallel_for(divisors, [&](std::size_t j) {
    auto scratch = ring.words(scratch_words);
    const std::size_t prime = division.divisors()[j];
    const std::size_t i = prime < ring.q_count() ? prime : limbs.q + (prime - ring.q_count());
    produce(i, lifted[0].data() + j * n, lifted[1].data() + j * n, scratch.data());
  });
  for (auto& part : lifted) part = division.lift(ring, part.data(), kept, *pool_);
  pool_->parallel_for(kept, [&](std::size_t i) {
    auto scratch = ring.words(3 * n + scratch_words);
    std::uint64_t* quotient = scratch.data();
    std::array<std::uint64_t*, 2> products{quotient + n, quotient + 2 * n};
    produce(i, products[0], products[1], quotient + 3 * n);
    for (std::size_t part = 0; part < 2; ++part) {
      std::memcpy(quotient, lifted[part].data() + i * n, n * sizeof(std::uint64_t));
      division.divide_limb(ring, i, products[part], quotient);
      finish(part, i, quotient);
    }
  });
}

}  // namespace cloister::rlwe
