#pragma once

#include <memory>
#include <vector>

#include "cloister/ring/rns_poly.h"
#include "cloister/rlwe/keys.h"
#include "cloister/rlwe/parameters.h"

namespace cloister::rlwe {

/// A polynomial over Q split into its digits, each raised from its own limbs to all of Q's and P's: what is
/// computed once for many rotations of one ciphertext (hoisting). A digit's own limbs are read where they
/// lie: the polynomial must outlive its decomposition. Source: Han, Ki 2020. Changed: digits are lifted
/// centred instead of up to multiples.
class Decomposition {
 public:
  /// Whether all limbs are transformed at once, for many keys (hoisting), or a part at a time when a product
  /// asks for it, for one.
  enum class Use { kOnce, kHoisted };

  /// Cost: l inverse transforms, base conversions to d (l + k) - l limbs and as many forward transforms.
  Decomposition(const Parameters& parameters, const EvaluationPoly& source, Use use, const ThreadPool& pool);

  LimbSet limbs() const noexcept { return limbs_; }
  std::size_t digits() const noexcept { return raised_.size(); }
  const std::shared_ptr<const Ring>& ring() const noexcept { return source_->ring(); }
  /// Words that part() may put values to.
  std::size_t scratch_words() const noexcept {
    return use_ == Use::kOnce ? digits() * source_->degree() / kNttParts : 0;
  }
  /// The N / kNttParts values of one part of a digit modulo the i-th prime of limbs().
  const std::uint64_t* part(std::size_t digit, std::size_t i, std::size_t part,
                            std::uint64_t* scratch) const noexcept;

 private:
  bool is_own(std::size_t digit, std::size_t i) const noexcept {
    return i < limbs_.q && i / digit_size_ == digit;
  }
  std::size_t offset(std::size_t digit, std::size_t i) const noexcept;
  void transform(std::size_t i, std::size_t part, const std::uint64_t* in, std::uint64_t* out) const noexcept;

  const EvaluationPoly* source_;
  LimbSet limbs_;
  std::size_t digit_size_;
  Use use_;
  // [digit][limbs but its own][N], limb_distance apart; for kOnce between head and tail of their transforms.
  std::vector<PooledBuffer<std::uint64_t>> raised_;
};

/// The inner product of one limb of the digits with a key, which must have as many limbs: P times (b', a')
/// with b' + a' s = a s' + noise, a part of the limb after the other and each a block at a time. Borrows
/// everything.
class LimbProduct {
 public:
  /// Values for which all digits and both halves of a key are read in turn: what the first cache holds of
  /// them.
  static constexpr std::size_t kBlock = 1024;

  LimbProduct(const Decomposition& digits, const KeySwitchKey& key, std::size_t i);

  const Ring& ring() const noexcept { return *source_->ring(); }
  const Modulus& modulus() const noexcept { return *modulus_; }
  /// Where in the limb the part begins that was entered.
  std::size_t part_start() const noexcept { return part_start_; }
  /// Words of scratch that enter() needs.
  std::size_t scratch_words() const noexcept { return source_->scratch_words(); }
  /// Turns to a part of the limb. `scratch` must live until the next.
  void enter(std::size_t part, std::uint64_t* scratch) noexcept;
  /// `count` values of each half, from value `start` of the part on.
  void operator()(std::size_t start, std::size_t count, std::uint64_t* b, std::uint64_t* a) const noexcept;

 private:
  const Decomposition* source_;
  std::size_t limb_;
  const Modulus* modulus_;
  std::size_t part_start_ = 0;
  std::vector<const std::uint64_t*> digits_, b_, a_;
};

}  // namespace cloister::rlwe
