#pragma once

#include "cloister/paillier/internal/modular_arithmetic.h"
#include "cloister/paillier/internal/square_lanes.h"

namespace cloister::paillier::internal {

/// Powers of one base by a table of base^(k 2^(w i)) for every window i of w bits and every k below 2^w: one
/// multiplication a window, and no squaring. The whole table of a window is read each time; sixteen of its
/// entries at a vector permutation. Exponents lie in lanes, and windows go round those of a block, so that a
/// window's part of the table comes from afar once for all of them; or, where there are few exponents, eight
/// windows of one lie in lanes.
/// An entry is kept as u and w with base^k = u (1 + w n) modulo n^2: of products, the w add up, and are
/// multiplied in once for sixteen windows; so a window takes a product with a half, 8 digits^2 multiply-adds
/// for 10.
class LaneFixedBase final : public FixedBase {
 public:
  /// The largest table that is made, in bytes.
  static constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

  LaneFixedBase(const SquareLanes& lanes, std::span<const std::uint64_t> base, std::size_t exponent_limbs);
  /// With windows of so many bits, at least 4.
  LaneFixedBase(const SquareLanes& lanes, std::span<const std::uint64_t> base, std::size_t exponent_limbs,
                std::size_t window_bits);

  std::size_t block() const noexcept override { return 8 * SquareLanes::kLanes; }
  void power(const std::uint64_t* exponents, std::uint64_t* out, std::size_t count) const override;

 private:
  class Product;

  std::size_t entries() const noexcept { return std::size_t{1} << bits_; }
  std::size_t window_words() const noexcept { return rows() * entries(); }
  /// Digits of u and of w.
  std::size_t rows() const noexcept { return 2 * lanes_.half() / SquareLanes::kLanes; }
  void fill(std::span<const std::uint64_t> base);
  const std::uint64_t* table(std::size_t window) const noexcept {
    return table_.data() + window * window_words();
  }
  void power_few(const std::uint64_t* exponents, std::uint64_t* out, std::size_t count) const;
  void power_block(const std::uint64_t* exponents, std::uint64_t* out, std::size_t count) const;

  const SquareLanes& lanes_;
  std::size_t exponent_limbs_, bits_, windows_;
  SecretLimbs table_;  ///< [windows][digits of u, digits of w][entries]
};

}  // namespace cloister::paillier::internal
