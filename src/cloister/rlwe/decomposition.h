#pragma once

#include <memory>
#include <vector>

#include "cloister/ring/rns_poly.h"
#include "cloister/rlwe/keys.h"
#include "cloister/rlwe/parameters.h"

namespace cloister::rlwe {

/// A polynomial over Q split into its digits, each raised from its own limbs to all of Q's and P's: what is
/// computed once for many rotations of one ciphertext (hoisting). A digit's own limbs are read where they lie:
/// the polynomial must outlive its decomposition.
/// Source: Han, Ki 2020. Changed: digits are lifted centred instead of up to multiples.
class Decomposition {
 public:
  /// Cost: l inverse transforms, base conversions to d (l + k) - l limbs and as many forward transforms.
  Decomposition(const Parameters& parameters, const EvaluationPoly& source, const ThreadPool& pool);

  LimbSet limbs() const noexcept { return limbs_; }
  std::size_t digits() const noexcept { return raised_.size(); }
  const std::shared_ptr<const Ring>& ring() const noexcept { return source_->ring(); }
  /// The N values of a digit modulo the i-th prime of limbs().
  const std::uint64_t* limb(std::size_t digit, std::size_t i) const noexcept {
    return is_own(digit, i) ? source_->limb(i) : raised_[digit].data() + offset(digit, i);
  }

 private:
  bool is_own(std::size_t digit, std::size_t i) const noexcept {
    return i < limbs_.q && i / digit_size_ == digit;
  }
  std::size_t offset(std::size_t digit, std::size_t i) const noexcept;
  void raise(const Parameters& parameters, std::size_t digit, const ThreadPool& pool);

  const EvaluationPoly* source_;
  LimbSet limbs_;
  std::size_t digit_size_;
  std::vector<PooledBuffer<std::uint64_t>> raised_;  // [digit][limbs but its own][N]
};

/// The inner product of one limb of the digits with a key, which must have as many limbs: P times (b', a') with
/// b' + a' s = a s' + noise, a block at a time. Borrows everything.
class LimbProduct {
 public:
  /// Values for which all digits and both halves of a key are read in turn: what the first cache holds of them.
  static constexpr std::size_t kBlock = 1024;

  LimbProduct(const Decomposition& digits, const KeySwitchKey& key, std::size_t i);

  /// `count` values of each half, from value `start` on.
  void operator()(std::size_t start, std::size_t count, std::uint64_t* b, std::uint64_t* a) const noexcept;

 private:
  const Ring* ring_;
  const Modulus* modulus_;
  std::vector<const std::uint64_t*> digits_, b_, a_;
};

}  // namespace cloister::rlwe
