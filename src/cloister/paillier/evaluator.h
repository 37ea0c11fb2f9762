#pragma once

#include <span>

#include "cloister/paillier/encrypted_vector.h"
#include "cloister/paillier/noise.h"

namespace cloister::paillier {

/// Sums, and products with clear numbers, of encrypted vectors, without any secret. Every result
/// states the bound of its values, and an operation whose result could outgrow its slots is refused
/// before it is done (PrecisionError): a plan with more bits a slot mends it.
/// Secrets: none of these functions sees a clear value of the owner; they take variable time in clear
/// weights, so a model that is itself a secret of the server should not be timed by strangers.
/// Results are functions of their operands alone: rerandomize what is passed on, or whoever holds the
/// operands can test a guess of the weights.
/// Errors: MismatchError (another key, or sizes, packings or fraction bits that differ),
/// PrecisionError, ParametersError (weights that are not finite or beyond their format).
class Evaluator {
 public:
  /// The pool must outlive this object.
  Evaluator(const PublicKey& key, const ThreadPool& pool) : key_(key), pool_(pool) {}

  const PublicKey& public_key() const noexcept { return key_; }
  const ThreadPool& pool() const noexcept { return pool_; }

  EncryptedVector add(const EncryptedVector& a, const EncryptedVector& b) const;
  EncryptedVector subtract(const EncryptedVector& a, const EncryptedVector& b) const;
  EncryptedVector negate(const EncryptedVector& a) const;

  /// Adds clear values, |value| <= 2^integer_bits, one to each entry.
  EncryptedVector add_clear(const EncryptedVector& a, std::span<const double> values, int integer_bits) const;

  /// Every entry times one clear number. Fraction bits add up, bounds multiply.
  EncryptedVector multiply(const EncryptedVector& a, double weight, const FixedPoint& format) const;
  /// Entry i times weights[i]; one value a ciphertext only (packing.slots = 1).
  EncryptedVector multiply(const EncryptedVector& a, std::span<const double> weights,
                           const FixedPoint& format) const;

  /// For every row x of the matrix: x . weights + intercept. The intercept is at most one product of
  /// bounds in magnitude; the result's bound is (columns + 1) such products (see dot_bound).
  EncryptedVector dot(const EncryptedMatrix& rows, std::span<const double> weights, const FixedPoint& format,
                      double intercept) const;

  /// The inner product of the entries with clear weights, a vector of one; one value a ciphertext only.
  /// Bound: entries times that of a product. Cost: one product of powers.
  EncryptedVector dot(const EncryptedVector& a, std::span<const double> weights,
                      const FixedPoint& format) const;

  /// The sum of all entries: a vector of one. Of a packed vector, whose slots nobody can add up without the
  /// key, a sum for each slot: entry s is the sum of entries s, s + slots, s + 2 slots and so on. Bound: that
  /// of an entry times the ciphertexts. Cost: a multiplication a ciphertext.
  EncryptedVector sum(const EncryptedVector& a) const;

  /// The same values in fresh ciphertexts that cannot be linked to the old ones. The noise source must
  /// be of the same key. Relies on the key's maker having chosen h as it should.
  EncryptedVector rerandomize(const EncryptedVector& a, const NoiseSource& noise, Prng& prng) const;

 private:
  void check(const char* operation, const EncryptedVector& a) const;
  void check_alike(const char* operation, const EncryptedVector& a, const EncryptedVector& b) const;
  void check_weights(const char* operation, const EncryptedVector& a, std::span<const double> weights) const;
  VectorFormat grown(const char* operation, const VectorFormat& from, int fraction_bits,
                     BigInteger bound) const;
  EncryptedVector product_of(const EncryptedVector& a, std::span<const std::uint64_t> factors,
                             VectorFormat format) const;
  EncryptedVector raised(const EncryptedVector& a, std::span<const Int128> exponents,
                         VectorFormat format) const;
  /// The product of bases[t][i] to the exponents[t], for each of `count` entries i of every base. The
  /// negative exponents' part is inverted once.
  Buffer<std::uint64_t> products_of_powers(std::span<const std::uint64_t* const> bases,
                                           std::span<const Int128> exponents, std::size_t count) const;
  Buffer<std::uint64_t> products_of_one_sign(std::span<const std::uint64_t* const> bases,
                                             std::span<const Int128> exponents, std::size_t count,
                                             bool negative) const;
  void multiply_by(std::span<std::uint64_t> residues, std::span<const std::uint64_t> factors) const;
  void invert(std::span<std::uint64_t> residues) const;

  PublicKey key_;
  const ThreadPool& pool_;
};

/// The bound of a dot product's results: what to plan a packing for. `values` bounds the encrypted
/// integers, `terms` counts the weights without the intercept.
BigInteger dot_bound(const BigInteger& values, const FixedPoint& weights, std::size_t terms);

}  // namespace cloister::paillier
