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
#include "cloister/rlwe/rotation_sum.h"

namespace cloister::rlwe {

using PolyPair = std::pair<EvaluationPoly, EvaluationPoly>;

/// A LimbProduct with P times what `addend` makes of the limb added, where it is not null: addend(i, first,
/// count, scratch) returns where the values [first, first + count) of limb i of both halves lie, which may be
/// in the kAddendWords words of scratch; count is at most LimbProduct::kBlock.
template <typename Addend>
class LimbSum {
 public:
  static constexpr std::size_t kAddendWords = 3 * LimbProduct::kBlock;

  LimbSum(LimbProduct product, const Addend* addend, std::size_t i, const ShoupFactor& p)
      : product_(std::move(product)), addend_(addend), limb_(i), p_(p) {}

  std::size_t scratch_words() const noexcept { return product_.scratch_words(); }
  void enter(std::size_t part, std::uint64_t* scratch) noexcept { product_.enter(part, scratch); }
  void operator()(std::size_t start, std::size_t count, std::uint64_t* b, std::uint64_t* a) const noexcept {
    product_(start, count, b, a);
    if (addend_ == nullptr) return;
    alignas(64) std::array<std::uint64_t, kAddendWords> scratch;
    alignas(64) std::array<std::uint64_t, LimbProduct::kBlock> multiple;
    const KernelTable& kernels = product_.ring().kernels();
    const std::array<const std::uint64_t*, 2> addends =
        (*addend_)(limb_, product_.part_start() + start, count, scratch.data());
    for (std::size_t half = 0; half < 2; ++half) {
      std::uint64_t* const to = half == 0 ? b : a;
      kernels.mul_scalar(product_.modulus(), addends[half], p_, multiple.data(), count);
      kernels.add(product_.modulus(), to, multiple.data(), to, count);
    }
  }

 private:
  LimbProduct product_;
  const Addend* addend_;
  std::size_t limb_;
  ShoupFactor p_;
};

/// What becomes of a pair that KeySwitcher divides: each part, N / kNttParts values, of limb i of Q of a half
/// is written to place(half, i, part, scratch), where scratch is of that size, and then handed to done().
/// Here: finish(half, i, part, values) gets the values while they are near, and may overwrite them.
template <typename Finish>
struct PartByPart {
  Finish finish;

  std::uint64_t* place(std::size_t, std::size_t, std::size_t, std::uint64_t* scratch) const {
    return scratch;
  }
  void done(std::size_t half, std::size_t i, std::size_t part, std::uint64_t* values) const {
    finish(half, i, part, values);
  }
};

template <typename Finish>
PartByPart(Finish) -> PartByPart<Finish>;  // for compilers that do not deduce an aggregate's argument

/// Into two polynomials, which may be what is added to the pair.
struct IntoPolys {
  EvaluationPoly *b, *a;

  std::uint64_t* place(std::size_t half, std::size_t i, std::size_t part, std::uint64_t*) const {
    EvaluationPoly& poly = half == 0 ? *b : *a;
    return poly.limb(i) + part * (poly.degree() / kNttParts);
  }
  void done(std::size_t, std::size_t, std::size_t, std::uint64_t*) const {}
};

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
  Decomposition decompose(const EvaluationPoly& a, Decomposition::Use use) const {
    return Decomposition(*parameters_, a, use, *pool_);
  }

  /// (b', a') over Q with b' + a' s = a s' + noise (see noise.h).
  PolyPair switch_key(const EvaluationPoly& a, const KeySwitchKey& key) const;

  /// From three parts, b + a s + c s^2, to two with the key of s^2. The parts must have equal limbs.
  void relinearize(std::vector<EvaluationPoly>& parts, const KeySwitchKey& key) const;

  /// The automorphism of a key's of (b, a), of which `digits` are those of a. b has as many limbs.
  PolyPair apply_automorphism(const EvaluationPoly& b, const Decomposition& digits,
                              const GaloisKey& key) const;

  /// Products with one key, divided by P, to `output` (PartByPart). Throws MissingKeyError if the key was
  /// made for fewer limbs.
  template <typename Output>
  void switch_digits(const Decomposition& digits, const KeySwitchKey& key, const Output& output) const {
    require_limbs(key, digits.limbs());
    divide(
        parameters_->mod_down(digits.limbs().q), digits.limbs(),
        [&](std::size_t i) { return LimbProduct(digits, key, i); }, output);
  }

  /// Sum of the products with several keys, each moved by its key's automorphism, divided by P once: the sum
  /// of rotations of what the digits, hoisted, were taken from. Throws as switch_digits.
  template <typename Output>
  void switch_sum(const Decomposition& digits, const std::vector<const GaloisKey*>& keys,
                  const Output& output) const {
    for (const GaloisKey* key : keys) require_limbs(key->key, digits.limbs());
    divide(
        parameters_->mod_down(digits.limbs().q), digits.limbs(),
        [&](std::size_t i) { return LimbRotationSum(digits, keys, i); }, output);
  }

  /// The product of `a` with a key, and P times what `addend` (LimbSum) makes of the limbs of Q, divided by P
  /// and the last limb of Q at once: mod-down and rescaling for the transforms and the rounding of one.
  /// Throws as switch_digits.
  template <typename Addend>
  void switch_and_rescale(const EvaluationPoly& a, const KeySwitchKey& key, const Addend& addend,
                          const IntoPolys& out) const {
    const auto digits = decompose(a, Decomposition::Use::kOnce);
    require_limbs(key, digits.limbs());
    const std::size_t q = a.limbs().q;
    divide(
        parameters_->mod_down_and_rescale(q), digits.limbs(),
        [&](std::size_t i) {
          const ShoupFactor p = i < q ? ShoupFactor(parameters_->p_modulo(i), a.modulus(i)) : ShoupFactor();
          return LimbSum<Addend>(LimbProduct(digits, key, i), i < q ? &addend : nullptr, i, p);
        },
        out);
  }

  /// Divides a pair over `limbs`, made limb by limb, the divisor's first, each once: produce(i) returns what
  /// makes limb i a block at a time, as LimbProduct does; output as PartByPart says.
  template <typename Produce, typename Output>
  void divide(const LimbDivision& division, LimbSet limbs, const Produce& produce,
              const Output& output) const;

  /// Throws MissingKeyError if the key was made for fewer limbs of Q.
  static void require_limbs(const KeySwitchKey& key, LimbSet limbs);

 private:
  std::shared_ptr<const Parameters> parameters_;
  const ThreadPool* pool_;
};

template <typename Produce, typename Output>
void KeySwitcher::divide(const LimbDivision& division, LimbSet limbs, const Produce& produce,
                         const Output& output) const {
  const Ring& ring = *parameters_->ring();
  const std::size_t n = ring.degree(), divisors = division.divisors().size();
  const std::size_t kept = limbs.count() - divisors;
  const std::size_t distance = BaseConverter::limb_distance(ring);
  auto remainders = ring.words(2 * divisors * distance);
  std::array<std::vector<const std::uint64_t*>, 2> values;
  for (std::size_t j = 0; j < 2 * divisors; ++j)
    values[j / divisors].push_back(remainders.data() + j * distance);
  const std::size_t size = n / kNttParts;
  pool_->parallel_for(divisors, [&](std::size_t j) {
    const std::size_t prime = division.divisors()[j];
    auto limb = produce(prime < ring.q_count() ? prime : limbs.q + (prime - ring.q_count()));
    auto scratch = ring.words(limb.scratch_words());
    std::uint64_t *b = remainders.data() + j * distance, *a = b + divisors * distance;
    for (std::size_t part = 0; part < kNttParts; ++part, b += size, a += size) {
      limb.enter(part, scratch.data());
      for (std::size_t start = 0; start < size; start += LimbProduct::kBlock)
        limb(start, std::min(LimbProduct::kBlock, size - start), b + start, a + start);
      ring.kernels().ntt_inverse_head(ring.ntt(prime), part, b, b);
      ring.kernels().ntt_inverse_head(ring.ntt(prime), part, a, a);
    }
  });
  std::array<PooledBuffer<std::uint64_t>, 2> lifted;
  for (std::size_t half = 0; half < 2; ++half) lifted[half] = division.lift(ring, values[half], kept, *pool_);
  pool_->parallel_for(kept, [&](std::size_t i) {
    auto limb = produce(i);
    auto scratch = ring.words(2 * size + limb.scratch_words());
    alignas(64) std::array<std::uint64_t, 2 * LimbProduct::kBlock> products;
    for (std::size_t part = 0; part < kNttParts; ++part) {
      limb.enter(part, scratch.data() + 2 * size);
      const std::size_t first = part * size;
      std::uint64_t *const b = scratch.data(), *const a = b + size;
      std::uint64_t *const to_b = output.place(0, i, part, b), *const to_a = output.place(1, i, part, a);
      const NttTables& tables = ring.ntt(division.kept()[i]);
      ring.kernels().ntt_forward_tail(tables, part, lifted[0].data() + i * distance + first, b);
      ring.kernels().ntt_forward_tail(tables, part, lifted[1].data() + i * distance + first, a);
      for (std::size_t start = 0; start < size; start += LimbProduct::kBlock) {
        const std::size_t count = std::min(LimbProduct::kBlock, size - start);
        limb(start, count, products.data(), products.data() + LimbProduct::kBlock);
        division.divide(ring, i, products.data(), b + start, to_b + start, count);
        division.divide(ring, i, products.data() + LimbProduct::kBlock, a + start, to_a + start, count);
      }
      output.done(0, i, part, to_b);
      output.done(1, i, part, to_a);
    }
  });
}

}  // namespace cloister::rlwe
