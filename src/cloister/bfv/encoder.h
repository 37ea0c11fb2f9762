#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "cloister/bfv/ciphertext.h"
#include "cloister/bfv/parameters.h"

namespace cloister::bfv {

/// Between integers modulo t and plaintexts. Immutable.
///
/// A batch is two rows of N/2 slots, the first row first: sums and products of plaintexts are those of their
/// slots. Slot i of the first row is the polynomial's value at psi^(5^i), that of the second row at
/// psi^(-5^i), psi a 2N-th root of unity modulo t; so Galois automorphisms rotate the rows and swap them.
/// Source: Smart, Vercauteren, "Fully homomorphic SIMD operations", 2014.
///
/// Unsigned values are in [0, t), signed ones in (-t/2, t/2]; what is outside is refused with
/// ParametersError, never reduced. So is a batch where Parameters::has_batching is not set.
class Encoder {
 public:
  explicit Encoder(std::shared_ptr<const Parameters> parameters);

  const std::shared_ptr<const Parameters>& parameters() const noexcept { return parameters_; }
  /// Slots of a batch.
  std::size_t slots() const noexcept { return parameters_->ring()->degree(); }

  /// Up to N values into slots; missing ones are 0. Cost: one transform. Constant time but for what is
  /// refused.
  Plaintext encode(std::span<const std::uint64_t> values) const;
  Plaintext encode(std::span<const std::int64_t> values) const;
  /// All N slots.
  std::vector<std::uint64_t> decode(const Plaintext& plaintext) const;
  std::vector<std::int64_t> decode_signed(const Plaintext& plaintext) const;

  /// Up to N values as the coefficients themselves, for any t: products are those of polynomials modulo
  /// X^N + 1.
  Plaintext encode_coefficients(std::span<const std::uint64_t> values) const;
  Plaintext encode_coefficients(std::span<const std::int64_t> values) const;
  std::vector<std::uint64_t> decode_coefficients(const Plaintext& plaintext) const;
  std::vector<std::int64_t> decode_coefficients_signed(const Plaintext& plaintext) const;

 private:
  template <typename Value>
  PooledBuffer<std::uint64_t> residues(std::span<const Value> values) const;
  template <typename Value>
  Plaintext encode_values(std::span<const Value> values) const;
  PooledBuffer<std::uint64_t> slots_of(const Plaintext& plaintext) const;
  const NttTables& tables() const;
  std::vector<std::int64_t> centred(std::span<const std::uint64_t> residues) const;

  std::shared_ptr<const Parameters> parameters_;
  std::optional<NttTables> tables_;         // modulo t
  std::vector<std::uint32_t> slot_of_;      // where in a batch the transform's i-th value lies
  std::vector<std::uint32_t> position_of_;  // and the inverse
};

}  // namespace cloister::bfv
