#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "bindings/encrypted_rows.h"
#include "bindings/rlwe_keys.h"
#include "cloister/ckks/encoder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/rotations.h"

namespace cloister::python {

struct Ciphertexts : RowsOf<ckks::Ciphertext> {
  /// Of the row that has the fewest.
  int level() const;
};

using Table = TableOf<double>;

/// CKKS on rows of numbers that repeat through all slots: a row of `columns` numbers, a power of two, has
/// number j in every slot that is j modulo `columns`. So sums over a row, and products with matrices, need no
/// mask. Nothing here bounds what it computes on: bounds of values are the caller's, and a result that wraps
/// around is not noticed, as in the libraries whose interfaces stand on this. Const and safe to call from
/// many threads.
class CkksEngine : public RlweKeys {
 public:
  /// What operations are told of every value: nothing that they refuse for.
  static constexpr ckks::ValueBound kUnbounded{0x1p-60, 0x1p-60};

  /// Throws SecurityError above `table`.
  CkksEngine(const ckks::ParametersSpec& spec, rlwe::SecurityTable table,
             std::shared_ptr<const WatchedPool> watched_pool);

  CkksEngine(std::shared_ptr<const ckks::Parameters> parameters,
             std::shared_ptr<const WatchedPool> watched_pool);
  /// Of the same parameters.
  CkksEngine(const CkksEngine& twin, std::shared_ptr<const WatchedPool> watched_pool)
      : CkksEngine(twin.parameters_, std::move(watched_pool)) {}

  const ckks::Parameters& parameters() const noexcept { return *parameters_; }
  std::size_t slots() const noexcept { return parameters_->slots(); }

  Ciphertexts encrypt(const EncryptionKey& key, const Table& values) const;
  /// The first `count` slots of each row.
  std::vector<double> decrypt(const SecretKeyHandle& key, const Ciphertexts& a, std::size_t count) const;

  // Of two operands, of which one may have one row, which then stands for all. Sums and differences take no
  // level, products one.
  Ciphertexts add(const Ciphertexts& a, const Ciphertexts& b) const;
  Ciphertexts sub(const Ciphertexts& a, const Ciphertexts& b) const;
  Ciphertexts negate(const Ciphertexts& a) const;
  Ciphertexts multiply(const Ciphertexts& a, const Ciphertexts& b, const RelinearizationKeys& keys) const;
  Ciphertexts add_values(const Ciphertexts& a, const Table& values) const;
  Ciphertexts multiply_values(const Ciphertexts& a, const Table& values) const;
  /// A number for every slot of a row; added ones must fit the modulus that is left.
  Ciphertexts add_numbers(const Ciphertexts& a, std::span<const double> numbers) const;
  Ciphertexts multiply_numbers(const Ciphertexts& a, std::span<const double> numbers) const;

  /// ceil(log2(exponent)) levels; exponent >= 1.
  Ciphertexts power(const Ciphertexts& a, unsigned exponent, const RelinearizationKeys& keys) const;
  /// The sum of c_k x^k, k >= 1, `coefficients` beginning with c_1. ceil(log2(degree + 1)) levels, and one
  /// fewer where the degree is a power of two and its coefficient an integer.
  Ciphertexts polynomial(const Ciphertexts& a, std::span<const double> coefficients,
                         const RelinearizationKeys& keys) const;

  /// Matrix products of rows as elements, [rows][inner] times [inner][columns]: one level, one key switch an
  /// element of the result; none for clear numbers.
  Ciphertexts contract(const Ciphertexts& a, const Ciphertexts& b, std::size_t inner,
                       const RelinearizationKeys& keys) const;
  Ciphertexts contract_numbers(const Ciphertexts& a, const Table& b) const;
  /// Of [outer][count][inner] the sums over the middle.
  Ciphertexts sum_rows(const Ciphertexts& a, std::size_t count, std::size_t inner) const;

  /// Slot i becomes the sum of slots i, i + stride, ...: of `count`, a power of two. No level.
  Ciphertexts sum_slots(const Ciphertexts& a, std::size_t stride, std::size_t count,
                        const GaloisKeys& keys) const;
  /// The sum of each row, moved by its steps to the left, times its row of values: one level.
  Ciphertexts gather(const Ciphertexts& a, std::span<const std::int64_t> steps, const Table& values,
                     const GaloisKeys& keys) const;
  /// The one row x of `matrix.rows` numbers times a matrix, both dimensions powers of two: one level. Takes
  /// min(rows, columns) diagonals, by baby and giant steps, and log2(rows / columns) rotations. Source:
  /// Halevi, Shoup, "Algorithms in HElib", 2014; rectangular ones: Juvekar, Vaikuntanathan, Chandrakasan,
  /// "GAZELLE", 2018.
  Ciphertexts matrix(const Ciphertexts& a, const Table& matrix, const GaloisKeys& keys) const;

  Bytes to_bytes(const Ciphertexts& ciphertexts) const;
  Ciphertexts ciphertexts_from(std::span<const std::uint8_t> bytes) const;
  using RlweKeys::to_bytes;

 private:
  using Row = std::shared_ptr<const ckks::Ciphertext>;
  Ciphertexts each(std::size_t count, const std::function<ckks::Ciphertext(std::size_t)>& make) const;
  ckks::Plaintext encode(std::span<const double> values, int level) const;
  ckks::Evaluator evaluator(const rlwe::EvaluationKeys* keys = nullptr) const;
  ckks::Rotations rotations(const ckks::Evaluator& evaluator) const;
  /// By 1, 2 and 3 times every power of four: three at a time share a decomposition.
  std::vector<std::int64_t> rotation_steps() const;
  std::vector<std::uint64_t> galois_elements() const override;
  Row at_level(const Row& a, int level) const;

  std::shared_ptr<const ckks::Parameters> parameters_;
  ckks::Encoder encoder_;
};

/// The parameters nearest to a first prime and a scale of so many bits that a table allows, with as few
/// digits as it allows: none where no such do.
std::optional<ckks::ParametersSpec> fitting_parameters(int log2_degree, int levels, int scale_bits,
                                                       int first_prime_bits, rlwe::SecurityTable table);

}  // namespace cloister::python
