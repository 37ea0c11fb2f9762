#pragma once

#include <memory>
#include <vector>

#include "cloister/ring/rns_poly.h"
#include "cloister/rlwe/keys.h"
#include "cloister/rlwe/parameters.h"

namespace cloister::rlwe {

/// A polynomial over Q split into its digits, each raised from its own limbs to all of Q's and P's. A digit's
/// own limbs are read where they lie: the polynomial must outlive its decomposition.
/// Source: Han, Ki 2020. Changed: digits are lifted centred instead of up to multiples.
class Decomposition {
 public:
  /// Whether limbs are transformed now, for many keys (hoisting), or each when a product asks for it, for one.
  enum class Use { kOnce, kHoisted };

  /// Cost: l inverse transforms and base conversions of l limbs; kHoisted: d (l + k) - l forward ones.
  Decomposition(const Parameters& parameters, const EvaluationPoly& source, Use use, const ThreadPool& pool);

  LimbSet limbs() const noexcept { return limbs_; }
  std::size_t digits() const noexcept { return raised_.size(); }
  const std::shared_ptr<const Ring>& ring() const noexcept { return source_->ring(); }
  /// Words that limb() may need to put its values.
  std::size_t scratch_words() const noexcept {
    return use_ == Use::kOnce ? digits() * source_->degree() : 0;
  }

  /// The N values of every digit modulo the i-th prime of limbs(); `scratch` must live as long.
  std::vector<const std::uint64_t*> limb(std::size_t i, std::uint64_t* scratch) const;

 private:
  bool is_own(std::size_t digit, std::size_t i) const noexcept {
    return i < limbs_.q && i / digit_size_ == digit;
  }
  std::size_t offset(std::size_t digit, std::size_t i) const noexcept;
  void raise(const Parameters& parameters, std::size_t digit, const ThreadPool& pool);

  const EvaluationPoly* source_;
  LimbSet limbs_;
  std::size_t digit_size_;
  Use use_;
  std::vector<PooledBuffer<std::uint64_t>> raised_;  // [digit][limbs but its own][N]
};

/// The inner product of one limb of the digits (Decomposition::limb) with a key made for at least `limbs`: N
/// values of each half, P times (b', a') with b' + a' s = a s' + noise.
void multiply_limb(const std::vector<const std::uint64_t*>& digits, const KeySwitchKey& key, LimbSet limbs,
                   std::size_t i, std::uint64_t* b, std::uint64_t* a) noexcept;

}  // namespace cloister::rlwe
