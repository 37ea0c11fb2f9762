#pragma once

#include <span>

#include "cloister/kernels/square_kernels.h"
#include "cloister/paillier/internal/secret_modulus.h"

namespace cloister::paillier::internal {

/// Limbs of one number to 52-bit digits, digits[8 i] being digit i: one lane of an array [digits][8].
void limbs_to_lane(std::span<const std::uint64_t> limbs, std::size_t digits, std::uint64_t* lane);
/// The other way; digits beyond the limbs are left out.
void lane_to_limbs(const std::uint64_t* lane, std::size_t digits, std::span<std::uint64_t> limbs);

/// Pairs (see SquareKernels) one after the other, wiped after use.
class Pairs {
 public:
  Pairs(std::size_t count, std::size_t words) : words_(words), storage_(count * words) {}
  std::uint64_t* operator[](std::size_t i) noexcept { return storage_.data() + i * words_; }
  const std::uint64_t* operator[](std::size_t i) const noexcept { return storage_.data() + i * words_; }

 private:
  std::size_t words_;
  SecretLimbs storage_;
};

/// A modulus n^2, the same in all eight lanes, with the kernels of one target: what computes with eight
/// numbers at once. Immutable. Secrets: constant time in n, given its limbs, and in all numbers.
class SquareLanes {
 public:
  static constexpr std::size_t kLanes = kSquareLanes;

  SquareLanes(const SquareKernels& kernels, std::span<const std::uint64_t> root);

  /// Of n^2.
  std::size_t limbs() const noexcept { return limbs_; }
  /// Words from one pair to the next, whole rows of eight by eight.
  std::size_t pair_words() const noexcept { return rows() * kLanes; }
  /// Digits of a pair, and zeros up to a multiple of eight.
  std::size_t rows() const noexcept { return (2 * modulus_.digits + kLanes - 1) / kLanes * kLanes; }
  Pairs pairs(std::size_t count) const { return Pairs(count, pair_words()); }
  /// 1 in every lane.
  const std::uint64_t* one() const noexcept { return constants_.data() + one_; }
  const SquareKernels& kernels() const noexcept { return kernels_; }
  /// n.
  std::span<const std::uint64_t> root() const noexcept { return root_.span(); }
  /// Words of half a pair.
  std::size_t half() const noexcept { return modulus_.digits * kLanes; }

  /// Space that operations compute in: one a thread.
  class Scratch {
   public:
    explicit Scratch(const SquareLanes& lanes)
        : space_(square_scratch(lanes.modulus_) + (kMaxSquareParts + 3) * lanes.half()),
          free_(square_scratch(lanes.modulus_)) {}

   private:
    friend class SquareLanes;
    std::uint64_t* words() noexcept { return space_.data(); }
    std::uint64_t* digits() noexcept { return space_.data() + free_; }
    SecretLimbs space_;
    std::size_t free_;
  };

  /// Up to eight numbers of value_limbs each, at most four times those of n; unused lanes get 1.
  void enter(const std::uint64_t* values, std::size_t value_limbs, std::size_t count, std::uint64_t* pair,
             Scratch& scratch) const;
  /// Canonical residues of limbs() each.
  void leave(const std::uint64_t* pair, std::uint64_t* out, std::size_t count, Scratch& scratch) const;
  void multiply(const std::uint64_t* x, const std::uint64_t* y, std::uint64_t* out, Scratch& scratch) const {
    kernels_.multiply(modulus_, x, y, out, scratch.words());
  }
  void square(const std::uint64_t* x, std::uint64_t* out, Scratch& scratch) const {
    kernels_.square(modulus_, x, out, scratch.words());
  }
  void multiply_half(const std::uint64_t* x, const std::uint64_t* u, std::uint64_t* out,
                     Scratch& scratch) const {
    kernels_.multiply_half(modulus_, x, u, out, scratch.words());
  }
  void multiply_halves(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out,
                       Scratch& scratch) const {
    kernels_.multiply_halves(modulus_, a, b, out, scratch.words());
  }
  void shear(const std::uint64_t* x, const std::uint64_t* w, std::uint64_t* out, Scratch& scratch) const {
    kernels_.shear(modulus_, x, w, out, scratch.words());
  }
  /// out[i] = a[i] (1 + m[i] n) of residues and m below n.
  void add_clear(const std::uint64_t* a, const std::uint64_t* m, std::uint64_t* out, std::size_t count,
                 Scratch& scratch) const;
  /// One lane of a pair in all lanes of another.
  void spread(const std::uint64_t* pair, std::size_t lane, std::uint64_t* out) const;
  void copy(const std::uint64_t* pair, std::uint64_t* out) const;
  /// Every lane of `pair` becomes the product of all lanes. `space` is another pair.
  void multiply_lanes(std::uint64_t* pair, std::uint64_t* space, Scratch& scratch) const;

 private:
  void load(const std::uint64_t* values, std::size_t value_limbs, std::size_t count, std::size_t digits,
            std::uint64_t* out) const;
  const std::uint64_t* powers() const noexcept { return constants_.data() + powers_; }
  const std::uint64_t* square_digits() const noexcept { return constants_.data() + square_; }

  const SquareKernels& kernels_;
  SecretLimbs root_;
  std::size_t limbs_;
  SquareModulus modulus_;
  std::size_t one_, powers_, square_;  ///< where they are in:
  SecretLimbs constants_;
};

}  // namespace cloister::paillier::internal
