#pragma once

#include <memory>
#include <optional>
#include <span>

#include "cloister/ckks/ciphertext.h"
#include "cloister/ckks/parameters.h"
#include "cloister/rlwe/key_switch.h"
#include "cloister/rlwe/keys.h"

namespace cloister::ckks {

/// Arithmetic on ciphertexts. Levels and scales are handled for the caller: results are in normal form
/// (two parts, the exact scale of their level), operands of different levels are brought to the lower
/// one, and every result carries its bound. Const and safe to call from many threads.
///
/// The *_lazy forms stop before relinearization and rescaling, so that sums of products pay for them
/// once: add products of equal level and scale, then finish().
///
/// All throw LevelExhaustedError when a rescaling is due at level 0, MissingKeyError when a key is
/// missing, and PrecisionError when the result's bound does not fit the modulus that is left.
class Evaluator {
 public:
  /// `keys` may be null for what needs none. Borrowed references must outlive the evaluator.
  Evaluator(std::shared_ptr<const Parameters> parameters, const rlwe::EvaluationKeys* keys,
            const ThreadPool& pool);

  const Parameters& parameters() const noexcept { return *parameters_; }
  const std::shared_ptr<const Parameters>& shared_parameters() const noexcept { return parameters_; }
  const rlwe::EvaluationKeys* keys() const noexcept { return keys_; }
  const ThreadPool& pool() const noexcept { return *pool_; }
  const rlwe::KeySwitcher& key_switcher() const noexcept { return switcher_; }

  /// No level. Bounds add.
  Ciphertext add(const Ciphertext& a, const Ciphertext& b) const;
  Ciphertext sub(const Ciphertext& a, const Ciphertext& b) const;
  Ciphertext negate(const Ciphertext& a) const;
  /// a += b without a copy when both have the same level and scale.
  void add_to(Ciphertext& a, const Ciphertext& b) const;
  /// The plaintext must have the ciphertext's scale and at least its level.
  Ciphertext add(const Ciphertext& a, const Plaintext& b) const;
  /// The same real number in every slot; no encoding. No level.
  Ciphertext add(const Ciphertext& a, double b) const { return add(a.clone(), b); }
  Ciphertext add(Ciphertext&& a, double b) const;

  /// One level. Cost: one key switch.
  Ciphertext multiply(const Ciphertext& a, const Ciphertext& b) const;
  Ciphertext square(const Ciphertext& a) const;
  /// One level. The plaintext at plaintext_scale(a.level()) and at least a's level.
  Ciphertext multiply(const Ciphertext& a, const Plaintext& b) const;
  Ciphertext multiply(Ciphertext&& a, const Plaintext& b) const;
  /// The same real number in every slot. One level.
  Ciphertext multiply(const Ciphertext& a, double b) const;
  /// No level: the number is an integer, |b| < 2^31.
  Ciphertext multiply_integer(const Ciphertext& a, std::int64_t b) const;

  /// Every slot times i: a product with X^(N/2), exact. No level, no key switch.
  Ciphertext multiply_by_i(Ciphertext a) const;

  /// Three parts (two for a plaintext), the product scale. No level yet.
  Ciphertext multiply_lazy(const Ciphertext& a, const Ciphertext& b) const;
  Ciphertext multiply_lazy(const Ciphertext& a, const Plaintext& b) const;
  /// In the operand's own memory: half as much is brought from afar as for a new ciphertext.
  Ciphertext multiply_lazy(Ciphertext&& a, const Plaintext& b) const;
  /// Every slot times a real number: the product scale is that of a.level(), squared.
  Ciphertext multiply_lazy(const Ciphertext& a, double b) const;
  /// The same at a level at or below a's, whose product scale the number's integer leads to: no rescaling
  /// is spent on bringing `a` down.
  Ciphertext multiply_lazy(const Ciphertext& a, double b, int level) const;
  /// What such products of several ciphertexts of two parts, at or above `level`, and a constant add up to,
  /// in one pass over them: the product scale of `level`. Bounds add. At least one and at most 255 terms.
  struct Multiple {
    const Ciphertext* of;
    double times;
  };
  Ciphertext sum_lazy(std::span<const Multiple> terms, double constant, int level) const;
  /// What finish_sum adds up: a b as they are, neither being brought to the other's level nor to the sum's.
  struct Product {
    const Ciphertext* a;
    const Ciphertext* b;
  };
  /// What it takes such a product times: its scale over the product scale of the sum's level, close to 1, for
  /// which the caller makes up.
  double product_ratio(const Ciphertext& a, const Ciphertext& b, int level) const {
    return a.scale.value() * b.scale.value() /
           (parameters_->scale_at(level).value() * parameters_->scale_at(level).value());
  }
  /// The sum of a b product_ratio(a, b, level) over products, of multiples and a constant, relinearized and
  /// rescaled from `level`: as multiply_lazy, sum_lazy, add and finish, but nothing that is added is written
  /// to memory. Operands are in normal form at `level` or above; at least one, and at most 255 multiples.
  /// `magnitude` as in with_magnitude. Cost: a key switch where there are products, else a rescaling.
  Ciphertext finish_sum(std::span<const Product> products, std::span<const Multiple> terms, double constant,
                        int level, std::optional<double> magnitude = {}) const;
  /// sum += a b, in three parts at b's level; an empty sum starts so. `a` may be of a higher level, or the
  /// first limbs of such, and is not brought down: b's limbs of it are taken as they are, at its own scale,
  /// for the cost of the product alone. So the sum is of products times a's scale over b's, which is close to
  /// 1 (scale_ratio of their levels), and for which the caller makes up. Throws ParametersError unless both
  /// are in two parts, b in normal form and a at its level or above.
  void add_product(std::optional<Ciphertext>& sum, const Ciphertext& a, const Ciphertext& b) const;
  /// The scale of a level over that of another.
  double scale_ratio(int level, int other) const {
    return parameters_->scale_at(level).value() / parameters_->scale_at(other).value();
  }
  /// From three parts to two.
  Ciphertext relinearize(Ciphertext a) const;
  /// Divides by the level's prime: one level, the scale with it. Cost: 2 + 2 l transforms.
  Ciphertext rescale(Ciphertext a) const;
  /// relinearize if there are three parts, and rescale: both in one division, for the transforms and the
  /// rounding of one.
  Ciphertext finish(Ciphertext a) const;
  /// The same from a raised pair (rlwe::DoubleHoisting) of a product, of which `bound` tells: divides by P
  /// and the level's prime at once.
  Ciphertext finish_raised(const rlwe::PolyPair& product, Scale scale, const ValueBound& bound) const;

  /// To a lower level at its exact scale. Cost: a scalar product and a rescale, or nothing where the
  /// level is the same.
  Ciphertext to_level(const Ciphertext& a, int level) const;
  /// The same times a real number, which is free on the way down. Throws LevelExhaustedError unless a's
  /// level is above `level`.
  Ciphertext scale_to_level(const Ciphertext& a, double factor, int level) const;
  /// The caller's word that every exact slot is at most `magnitude`: where the operations' own bound is
  /// known to be loose. What is wrong here makes error bounds wrong.
  static Ciphertext with_magnitude(Ciphertext a, double magnitude);
  /// The caller's word for both: where an analysis of a whole algorithm replaces the sum over its steps.
  static Ciphertext with_bound(Ciphertext a, const ValueBound& bound);

  /// The scale a plaintext factor needs so that the product, rescaled, has the exact scale of the next
  /// level down: the level's own scale.
  Scale plaintext_scale(int level) const { return parameters_->scale_at(level); }

  /// Throws MismatchError unless a is of the same parameters.
  void check_ring(const Ciphertext& a) const;

 private:
  bool is_normal(const Ciphertext& a) const noexcept;
  Ciphertext normal(const Ciphertext& a) const;
  template <typename Operation>
  Ciphertext aligned(const Ciphertext& a, const Ciphertext& b, Operation operation) const;
  template <typename PolyOperation>
  Ciphertext linear(const Ciphertext& a, const Ciphertext& b, PolyOperation operation) const;
  enum class Into { kReplace, kAdd };
  void multiply_parts(const Ciphertext& a, const Ciphertext& b, Into into, Ciphertext& out) const;
  Ciphertext three_parts(int level, Scale scale, const ValueBound& bound) const;
  void multiply_parts(const Ciphertext& a, const Plaintext& b, std::vector<EvaluationPoly>& out) const;
  std::vector<EvaluationPoly> multiplied(const Ciphertext& a, double integer, int level) const;
  const rlwe::KeySwitchKey& relinearization_key() const;
  Ciphertext one_level_down(Ciphertext a) const;
  void check_fits(const Ciphertext& a, const char* operation) const;

  std::shared_ptr<const Parameters> parameters_;
  const rlwe::EvaluationKeys* keys_;
  const ThreadPool* pool_;
  rlwe::KeySwitcher switcher_;
};

}  // namespace cloister::ckks
