#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

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
  Decomposition decompose(const EvaluationPoly& a) const { return Decomposition(*parameters_, a, *pool_); }

  /// (b', a') over Q with b' + a' s = a s' + noise (see noise.h).
  PolyPair switch_key(const EvaluationPoly& a, const KeySwitchKey& key) const;

  /// Products with one key, divided by P: finish(part, i, values) receives the N values of each limb of Q of
  /// both halves, which it may overwrite. Throws MissingKeyError if the key was made for fewer limbs.
  template <typename Finish>
  void switch_digits(const Decomposition& digits, const KeySwitchKey& key, const Finish& finish) const {
    require_limbs(key, digits.limbs());
    divide(
        parameters_->mod_down(), digits.limbs(),
        [&](std::size_t i) { return LimbProduct(digits, key, i); }, finish);
  }

  /// The same with P times (plus_b, plus_a) added, divided by P and the last limb of Q at once: mod-down and
  /// rescaling for the transforms and the rounding of one.
  template <typename Finish>
  void switch_and_rescale(const EvaluationPoly& a, const KeySwitchKey& key, const EvaluationPoly& plus_b,
                          const EvaluationPoly& plus_a, const Finish& finish) const {
    const auto digits = decompose(a);
    require_limbs(key, digits.limbs());
    divide(
        parameters_->mod_down_and_rescale(a.limbs().q), digits.limbs(),
        [&](std::size_t i) {
          return [&, i, product = LimbProduct(digits, key, i)](std::size_t start, std::size_t count,
                                                                        std::uint64_t* b, std::uint64_t* a_out) {
            product(start, count, b, a_out);
            if (i >= a.limbs().q) return;
            add_p_times(plus_b, i, start, count, b);
            add_p_times(plus_a, i, start, count, a_out);
          };
        },
        finish);
  }

  /// Divides a pair over `limbs`, made limb by limb, the divisor's first, each once: produce(i) returns what
  /// writes a block of limb i, block(start, count, b, a), count at most kBlock.
  template <typename Produce, typename Finish>
  void divide(const LimbDivision& division, LimbSet limbs, const Produce& produce,
              const Finish& finish) const;

  static constexpr std::size_t kBlock = LimbProduct::kBlock;

  /// Throws MissingKeyError if the key was made for fewer limbs of Q.
  static void require_limbs(const KeySwitchKey& key, LimbSet limbs);

 private:
  void add_p_times(const EvaluationPoly& c, std::size_t i, std::size_t start, std::size_t count,
                   std::uint64_t* sum) const;

  std::shared_ptr<const Parameters> parameters_;
  const ThreadPool* pool_;
};

template <typename Produce, typename Finish>
void KeySwitcher::divide(const LimbDivision& division, LimbSet limbs, const Produce& produce,
                         const Finish& finish) const {
  const Ring& ring = *parameters_->ring();
  const std::size_t n = ring.degree(), divisors = division.divisors().size();
  const std::size_t kept = limbs.count() - divisors;
  auto remainders = ring.words(2 * divisors * n);
  std::array<std::vector<const std::uint64_t*>, 2> values;
  for (std::size_t j = 0; j < 2 * divisors; ++j) values[j / divisors].push_back(remainders.data() + j * n);
  pool_->parallel_for(divisors, [&](std::size_t j) {
    const std::size_t prime = division.divisors()[j];
    const auto block =
        produce(prime < ring.q_count() ? prime : limbs.q + (prime - ring.q_count()));
    std::uint64_t *b = remainders.data() + j * n, *a = b + divisors * n;
    for (std::size_t start = 0; start < n; start += kBlock)
      block(start, std::min(kBlock, n - start), b + start, a + start);
  });
  std::array<PooledBuffer<std::uint64_t>, 2> lifted;
  for (std::size_t part = 0; part < 2; ++part) lifted[part] = division.lift(ring, values[part], kept, *pool_);
  pool_->parallel_for(kept, [&](std::size_t i) {
    auto scratch = ring.words(2 * n);
    std::uint64_t *b = scratch.data(), *a = b + n;
    const auto block = produce(i);
    division.transform(ring, i, lifted[0].data() + i * n, b);
    division.transform(ring, i, lifted[1].data() + i * n, a);
    alignas(64) std::array<std::uint64_t, 2 * kBlock> products;
    for (std::size_t start = 0; start < n; start += kBlock) {
      const std::size_t count = std::min(kBlock, n - start);
      block(start, count, products.data(), products.data() + kBlock);
      division.divide(ring, i, products.data(), b + start, count);
      division.divide(ring, i, products.data() + kBlock, a + start, count);
    }
    finish(0, i, b);
    finish(1, i, a);
  });
}

}  // namespace cloister::rlwe
