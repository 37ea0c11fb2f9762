#pragma once

#include <cstdint>
#include <memory>

#include "cloister/bfv/ciphertext.h"
#include "cloister/bfv/parameters.h"
#include "cloister/rlwe/key_switch.h"
#include "cloister/rlwe/keys.h"

namespace cloister::bfv {

/// Exact arithmetic modulo t on ciphertexts. Every result carries a bound on its noise; what could decrypt to
/// a wrong number is refused with PrecisionError. Operands of different levels are brought to the lower one.
/// Results of products have two parts. Const and safe to call from many threads.
///
/// All throw MismatchError for what is of other parameters, and MissingKeyError when a key is missing.
class Evaluator {
 public:
  /// `keys` may be null for what needs none. Borrowed references must outlive the evaluator.
  Evaluator(std::shared_ptr<const Parameters> parameters, const rlwe::EvaluationKeys* keys,
            const ThreadPool& pool);

  const Parameters& parameters() const noexcept { return *parameters_; }
  const rlwe::EvaluationKeys* keys() const noexcept { return keys_; }
  const ThreadPool& pool() const noexcept { return *pool_; }
  const rlwe::KeySwitcher& key_switcher() const noexcept { return switcher_; }

  /// Deviations of noise add. Operands may have three parts.
  Ciphertext add(const Ciphertext& a, const Ciphertext& b) const;
  Ciphertext sub(const Ciphertext& a, const Ciphertext& b) const;
  Ciphertext negate(const Ciphertext& a) const;
  /// a += b without a copy where both have the same level.
  void add_to(Ciphertext& a, const Ciphertext& b) const;
  /// Cost: a transform a limb.
  Ciphertext add(const Ciphertext& a, const Plaintext& b) const;
  Ciphertext sub(const Ciphertext& a, const Plaintext& b) const;

  /// A plaintext as a factor for many products at `level` and below. Its norm, which results' noise bounds
  /// tell of, is that of its coefficients. Cost: a transform a limb.
  Factor factor(const Plaintext& plaintext, int level) const;
  /// Of parts as many as a's. A product with zero is zero for everybody to see, and not hidden.
  Ciphertext multiply(const Ciphertext& a, const Factor& b) const;
  Ciphertext multiply(const Ciphertext& a, const Plaintext& b) const;
  /// The same integer in every slot, in (-t/2, t/2], else ParametersError: noise grows by its magnitude
  /// alone.
  Ciphertext multiply(const Ciphertext& a, std::int64_t b) const;

  /// Relinearized. Noise: product_noise and key_switch_noise. Cost: 9 (l + r) transforms (ProductBasis) and a
  /// key switch. Operands of three parts are relinearized first.
  Ciphertext multiply(const Ciphertext& a, const Ciphertext& b) const;
  Ciphertext square(const Ciphertext& a) const { return multiply(a, a); }
  /// The same in three parts, so that sums of products are relinearized once.
  Ciphertext multiply_lazy(const Ciphertext& a, const Ciphertext& b) const;
  /// To two parts. Cost: one key switch.
  Ciphertext relinearize(Ciphertext a) const;

  /// To a lower level: of a modulus with fewer primes, for cheaper operations and fewer bytes. Throws
  /// LevelExhaustedError for a level above a's or below 0. Three parts are relinearized first. Cost: 2 + 2 l
  /// transforms a prime.
  Ciphertext modulus_switch(const Ciphertext& a, int level) const;
  /// The lowest level at which `a` still decrypts: for results on their way home.
  int lowest_level(const Ciphertext& a) const;

 private:
  void check(const Ciphertext& a) const;
  template <typename Operation>
  Ciphertext aligned(const Ciphertext& a, const Ciphertext& b, const Operation& operation) const;
  template <typename PolyOperation>
  Ciphertext linear(const Ciphertext& a, const Ciphertext& b, const PolyOperation& operation) const;
  template <typename PolyOperation>
  Ciphertext with_message(const Ciphertext& a, const Plaintext& b, const PolyOperation& operation) const;
  Ciphertext one_level_down(Ciphertext a) const;
  const rlwe::KeySwitchKey& relinearization_key() const;

  std::shared_ptr<const Parameters> parameters_;
  const rlwe::EvaluationKeys* keys_;
  const ThreadPool* pool_;
  rlwe::KeySwitcher switcher_;
};

}  // namespace cloister::bfv
