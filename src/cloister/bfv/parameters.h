#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cloister/rlwe/parameters.h"

namespace cloister::bfv {

namespace internal {
class ProductBasis;
}

/// What BFV parameters are made from; unchecked until Parameters::create.
struct ParametersSpec {
  /// t: values are integers modulo it. Any from 2 on for coefficients; N values a ciphertext (batching) take
  /// a prime that is 1 modulo 2N.
  std::uint64_t plaintext_modulus = 0;
  rlwe::ParametersSpec chain;

  friend bool operator==(const ParametersSpec&, const ParametersSpec&) = default;
};

/// Checked, immutable BFV parameters: exact integers modulo t in ciphertexts modulo Q. A ciphertext of level
/// l has the first l + 1 primes of Q; fresh ones have all, and the level drops only by
/// Evaluator::modulus_switch.
class Parameters {
 public:
  /// Throws SecurityError if the 128-bit table is exceeded; ParametersError for a plaintext modulus outside
  /// [2, 2^60) or of which a prime of Q is a factor, and as rlwe::Parameters.
  static std::shared_ptr<const Parameters> create(const ParametersSpec& spec, const KernelTable& kernels);
  /// The largest chain that the 128-bit table has room for, of primes of one size below 2^49; digits of one
  /// prime up to N = 16384, and of an eighth of Q above. For N = 1024 there is no special prime, and so no
  /// key switching. Throws ParametersError for degrees outside 2^10 to 2^17.
  static ParametersSpec default_spec(int log2_degree, std::uint64_t plaintext_modulus);
  /// The largest prime of so many bits that is 1 modulo 2N. Throws ParametersError where there is none.
  static std::uint64_t batching_modulus(int log2_degree, int bits);

  ~Parameters();
  Parameters(const Parameters&) = delete;
  Parameters& operator=(const Parameters&) = delete;

  const ParametersSpec& spec() const noexcept { return spec_; }
  /// SHA-256 over the chain's id and t.
  const Bytes32& id() const noexcept { return id_; }
  const std::shared_ptr<const rlwe::Parameters>& rlwe() const noexcept { return rlwe_; }
  const std::shared_ptr<const Ring>& ring() const noexcept { return rlwe_->ring(); }
  const Modulus& plaintext_modulus() const noexcept { return plaintext_modulus_; }
  /// Whether N values fit a ciphertext.
  bool has_batching() const noexcept { return has_batching_; }
  /// Of a fresh ciphertext.
  int max_level() const noexcept { return static_cast<int>(log2_moduli_.size()) - 1; }
  /// log2 of the modulus at a level.
  double log2_modulus_at(int level) const noexcept { return log2_moduli_[static_cast<std::size_t>(level)]; }
  /// What products are computed with.
  const internal::ProductBasis& product_basis() const noexcept { return *product_basis_; }

 private:
  friend class InsecureParametersForTests;
  Parameters(ParametersSpec spec, std::shared_ptr<const rlwe::Parameters> rlwe);

  ParametersSpec spec_;
  std::shared_ptr<const rlwe::Parameters> rlwe_;
  Modulus plaintext_modulus_;
  Bytes32 id_{};
  bool has_batching_;
  std::vector<double> log2_moduli_;
  std::unique_ptr<const internal::ProductBasis> product_basis_;
};

}  // namespace cloister::bfv
