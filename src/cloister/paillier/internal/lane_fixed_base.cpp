#include "cloister/paillier/internal/lane_fixed_base.h"

#include <algorithm>

#include "cloister/paillier/internal/exponent_window.h"

namespace cloister::paillier::internal {
namespace {

constexpr std::size_t kLanes = SquareLanes::kLanes;
constexpr std::size_t kLeastWindow = 4;

/// The widest that a table may be, and that pays for being made with some dozens of powers.
std::size_t choose_window(std::size_t row_bytes, std::size_t exponent_bits) {
  std::size_t bits = 6;
  const auto bytes = [&] { return ((exponent_bits + bits - 1) / bits << bits) * row_bytes; };
  while (bits > kLeastWindow && bytes() > LaneFixedBase::kMaxBytes) --bits;
  return bits;
}

}  // namespace

LaneFixedBase::LaneFixedBase(const SquareLanes& lanes, std::span<const std::uint64_t> base,
                             std::size_t exponent_limbs)
    : LaneFixedBase(lanes, base, exponent_limbs, choose_window(8 * lanes.rows(), 64 * exponent_limbs)) {}

LaneFixedBase::LaneFixedBase(const SquareLanes& lanes, std::span<const std::uint64_t> base,
                             std::size_t exponent_limbs, std::size_t window_bits)
    : lanes_(lanes),
      exponent_limbs_(exponent_limbs),
      bits_(window_bits),
      windows_((64 * exponent_limbs + window_bits - 1) / window_bits),
      table_(windows_ * window_words()) {
  fill(base);
}

// A lane makes the table of a window: eight at once.
void LaneFixedBase::fill(std::span<const std::uint64_t> base) {
  SquareLanes::Scratch scratch(lanes_);
  Pairs one = lanes_.pairs(1), step = lanes_.pairs(1), entry = lanes_.pairs(1);
  lanes_.enter(base.data(), base.size(), 1, one[0], scratch);
  for (std::size_t first = 0; first < windows_; first += kLanes) {
    const std::size_t count = std::min(kLanes, windows_ - first);
    for (std::size_t l = 0; l < kLanes; ++l) {
      for (std::size_t i = 0; i < lanes_.rows(); ++i) step[0][i * kLanes + l] = one[0][i * kLanes];
      if (first + l + 1 < windows_)
        for (std::size_t i = 0; i < bits_; ++i) lanes_.square(one[0], one[0], scratch);
    }
    lanes_.copy(lanes_.one(), entry[0]);
    for (std::size_t k = 0; k < entries(); ++k) {
      if (k != 0) lanes_.multiply(entry[0], step[0], entry[0], scratch);
      for (std::size_t l = 0; l < count; ++l) {
        std::uint64_t* out = table_.data() + (first + l) * window_words() + k;
        for (std::size_t i = 0; i < lanes_.rows(); ++i) out[i * entries()] = entry[0][i * kLanes + l];
      }
    }
  }
}

void LaneFixedBase::power(const std::uint64_t* exponents, std::uint64_t* out, std::size_t count) const {
  const std::size_t each =
      (windows_ + kLanes - 1) / kLanes + 3;  // multiplications, where windows lie in lanes
  for (std::size_t first = 0; first < count;) {
    const std::size_t rest = std::min(block(), count - first);
    const std::size_t whole = rest / kLanes * kLanes;
    const bool few = (rest - whole) * each < windows_;
    const std::size_t in_lanes = few ? whole : rest;
    power_block(exponents + first * exponent_limbs_, out + first * lanes_.limbs(), in_lanes);
    power_few(exponents + (first + in_lanes) * exponent_limbs_, out + (first + in_lanes) * lanes_.limbs(),
              rest - in_lanes);
    first += rest;
  }
}

void LaneFixedBase::power_few(const std::uint64_t* exponents, std::uint64_t* out, std::size_t count) const {
  SquareLanes::Scratch scratch(lanes_);
  Pairs powers = lanes_.pairs(kLanes), chosen = lanes_.pairs(1);
  const std::uint64_t* tables[kLanes];
  alignas(64) std::uint64_t index[kLanes];
  for (std::size_t w = 0; w < windows_; w += kLanes) {
    // Where windows have come to an end, base^0 is read from the first.
    for (std::size_t l = 0; l < kLanes; ++l) tables[l] = table(w + l < windows_ ? w + l : 0);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t l = 0; l < kLanes; ++l)
        index[l] =
            exponent_window({exponents + i * exponent_limbs_, exponent_limbs_}, (w + l) * bits_, bits_);
      lanes_.kernels().select_by_lane(tables, entries(), lanes_.rows(), index,
                                      w == 0 ? powers[i] : chosen[0]);
      if (w != 0) lanes_.multiply(powers[i], chosen[0], powers[i], scratch);
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    lanes_.multiply_lanes(powers[i], chosen[0], scratch);
    lanes_.leave(powers[i], out + i * lanes_.limbs(), 1, scratch);
  }
}

void LaneFixedBase::power_block(const std::uint64_t* exponents, std::uint64_t* out, std::size_t count) const {
  const std::size_t groups = (count + kLanes - 1) / kLanes;
  SquareLanes::Scratch scratch(lanes_);
  Pairs powers = lanes_.pairs(groups), chosen = lanes_.pairs(1);
  alignas(64) std::uint64_t index[kLanes];
  for (std::size_t w = 0; w < windows_; ++w) {
    for (std::size_t g = 0; g < groups; ++g) {
      for (std::size_t l = 0; l < kLanes; ++l) {
        const std::size_t i = g * kLanes + l;
        index[l] = i < count
                       ? exponent_window({exponents + i * exponent_limbs_, exponent_limbs_}, w * bits_, bits_)
                       : 0;
      }
      lanes_.kernels().select_shared(table(w), entries(), lanes_.rows(), index,
                                     w == 0 ? powers[g] : chosen[0]);
      if (w != 0) lanes_.multiply(powers[g], chosen[0], powers[g], scratch);
    }
  }
  for (std::size_t g = 0; g < groups; ++g)
    lanes_.leave(powers[g], out + g * kLanes * lanes_.limbs(), std::min(kLanes, count - g * kLanes), scratch);
}

}  // namespace cloister::paillier::internal
