#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "bindings/encrypted_rows.h"
#include "bindings/rlwe_keys.h"
#include "cloister/bfv/encoder.h"
#include "cloister/bfv/evaluator.h"
#include "cloister/bfv/parameters.h"
#include "cloister/bfv/rotations.h"

namespace cloister::python {

using Integers = TableOf<std::int64_t>;
using BfvCiphertexts = RowsOf<bfv::Ciphertext>;

/// BFV on rows of integers modulo t that repeat through all N slots, as CkksEngine's do. Numbers are in
/// (-t/2, t/2], else ParametersError; an operation that could leave too much noise is refused with
/// PrecisionError. Const and safe to call from many threads.
class BfvEngine : public RlweKeys {
 public:
  /// As much modulus as security allows. Throws ParametersError where t does not let a ciphertext hold N
  /// numbers.
  BfvEngine(int log2_degree, std::uint64_t plaintext_modulus,
            std::shared_ptr<const WatchedPool> watched_pool);
  BfvEngine(std::shared_ptr<const bfv::Parameters> parameters,
            std::shared_ptr<const WatchedPool> watched_pool);
  /// Of the same parameters.
  BfvEngine(const BfvEngine& twin, std::shared_ptr<const WatchedPool> watched_pool)
      : BfvEngine(twin.parameters_, std::move(watched_pool)) {}

  const bfv::Parameters& parameters() const noexcept { return *parameters_; }
  std::size_t slots() const noexcept { return encoder_.slots(); }

  BfvCiphertexts encrypt(const EncryptionKey& key, const Integers& values) const;
  /// The first `count` slots of each row.
  std::vector<std::int64_t> decrypt(const SecretKeyHandle& key, const BfvCiphertexts& a,
                                    std::size_t count) const;

  // As CkksEngine's operations.
  BfvCiphertexts add(const BfvCiphertexts& a, const BfvCiphertexts& b) const;
  BfvCiphertexts sub(const BfvCiphertexts& a, const BfvCiphertexts& b) const;
  BfvCiphertexts negate(const BfvCiphertexts& a) const;
  BfvCiphertexts multiply(const BfvCiphertexts& a, const BfvCiphertexts& b,
                          const RelinearizationKeys& keys) const;
  BfvCiphertexts add_values(const BfvCiphertexts& a, const Integers& values) const;
  BfvCiphertexts multiply_values(const BfvCiphertexts& a, const Integers& values) const;
  BfvCiphertexts add_numbers(const BfvCiphertexts& a, std::span<const std::int64_t> numbers) const;
  BfvCiphertexts multiply_numbers(const BfvCiphertexts& a, std::span<const std::int64_t> numbers) const;
  BfvCiphertexts power(const BfvCiphertexts& a, unsigned exponent, const RelinearizationKeys& keys) const;
  BfvCiphertexts polynomial(const BfvCiphertexts& a, std::span<const std::int64_t> coefficients,
                            const RelinearizationKeys& keys) const;
  BfvCiphertexts contract(const BfvCiphertexts& a, const BfvCiphertexts& b, std::size_t inner,
                          const RelinearizationKeys& keys) const;
  BfvCiphertexts contract_numbers(const BfvCiphertexts& a, const Integers& b) const;
  BfvCiphertexts sum_rows(const BfvCiphertexts& a, std::size_t count, std::size_t inner) const;
  BfvCiphertexts sum_slots(const BfvCiphertexts& a, std::size_t stride, std::size_t count,
                           const GaloisKeys& keys) const;
  /// The sum of each row, moved by its steps to the left, times its row of values.
  BfvCiphertexts gather(const BfvCiphertexts& a, std::span<const std::int64_t> steps, const Integers& values,
                        const GaloisKeys& keys) const;

  Bytes to_bytes(const BfvCiphertexts& ciphertexts) const;
  BfvCiphertexts ciphertexts_from(std::span<const std::uint8_t> bytes) const;
  using RlweKeys::to_bytes;

 private:
  using Make = std::function<bfv::Ciphertext(std::size_t)>;
  BfvCiphertexts each(std::size_t count, const Make& make) const;
  /// By the powers of two within a row of slots, and of the rows for each other.
  std::vector<std::uint64_t> galois_elements() const override;
  bfv::Plaintext encode(std::span<const std::int64_t> values) const;
  bfv::Evaluator evaluator(const rlwe::EvaluationKeys* keys = nullptr) const;
  bfv::Ciphertext rotated(const bfv::Rotations& rotations, const bfv::Ciphertext& a,
                          std::int64_t steps) const;

  std::shared_ptr<const bfv::Parameters> parameters_;
  bfv::Encoder encoder_;
};

}  // namespace cloister::python
