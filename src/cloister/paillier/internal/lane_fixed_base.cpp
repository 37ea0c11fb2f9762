#include "cloister/paillier/internal/lane_fixed_base.h"

#include <algorithm>
#include <vector>

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
    : LaneFixedBase(lanes, base, exponent_limbs, choose_window(2 * lanes.half(), 64 * exponent_limbs)) {}

LaneFixedBase::LaneFixedBase(const SquareLanes& lanes, std::span<const std::uint64_t> base,
                             std::size_t exponent_limbs, std::size_t window_bits)
    : lanes_(lanes),
      exponent_limbs_(exponent_limbs),
      bits_(window_bits),
      windows_((64 * exponent_limbs + window_bits - 1) / window_bits),
      table_(windows_ * window_words()) {
  fill(base);
}

// A lane makes the table of a window: eight at once. With the powers p = u + v n go their inverses i modulo
// n, for w = v / u = v i.
void LaneFixedBase::fill(std::span<const std::uint64_t> base) {
  const SecretModulus root(lanes_.root());
  SecretLimbs reduced(root.limbs()), inverse(root.limbs());
  root.reduce(base, reduced.data());
  root.invert(reduced.data(), inverse.data());

  SquareLanes::Scratch scratch(lanes_);
  Pairs space = lanes_.pairs(7);
  // Of the window's start, in lane 0; then the steps and the entry, with a window in each lane.
  std::uint64_t *start = space[0], *start_inverse = space[1], *step = space[2], *step_inverse = space[3],
                *entry = space[4], *entry_inverse = space[5], *quotient = space[6];
  lanes_.enter(base.data(), base.size(), 1, start, scratch);
  lanes_.enter(inverse.data(), inverse.size(), 1, start_inverse, scratch);
  for (std::size_t first = 0; first < windows_; first += kLanes) {
    const std::size_t count = std::min(kLanes, windows_ - first);
    for (std::size_t l = 0; l < kLanes; ++l) {
      for (std::size_t i = 0; i < lanes_.pair_words(); i += kLanes) {
        step[i + l] = start[i];
        step_inverse[i + l] = start_inverse[i];
      }
      if (first + l + 1 < windows_)
        for (std::size_t i = 0; i < bits_; ++i) {
          lanes_.square(start, start, scratch);
          lanes_.multiply_halves(start_inverse, start_inverse, start_inverse, scratch);
        }
    }
    lanes_.copy(lanes_.one(), entry);
    lanes_.copy(lanes_.one(), entry_inverse);
    for (std::size_t k = 0; k < entries(); ++k) {
      if (k != 0) {
        lanes_.multiply(entry, step, entry, scratch);
        lanes_.multiply_halves(entry_inverse, step_inverse, entry_inverse, scratch);
      }
      lanes_.multiply_halves(entry + lanes_.half(), entry_inverse, quotient, scratch);
      for (std::size_t l = 0; l < count; ++l) {
        std::uint64_t* out = table_.data() + (first + l) * window_words() + k;
        for (std::size_t i = 0; i < lanes_.half(); i += kLanes, out += entries()) *out = entry[i + l];
        for (std::size_t i = 0; i < lanes_.half(); i += kLanes, out += entries()) *out = quotient[i + l];
      }
    }
  }
}

/// The product of entries that have been chosen so far.
class LaneFixedBase::Product {
 public:
  explicit Product(const SquareLanes& lanes)
      : lanes_(lanes), product_(lanes.pairs(1)), sum_(lanes.pairs(1)) {}

  std::uint64_t* pair() noexcept { return product_[0]; }
  void multiply(const std::uint64_t* entry, SquareLanes::Scratch& scratch) {
    if (is_one_)
      std::copy_n(entry, lanes_.half(), pair());
    else
      lanes_.multiply_half(pair(), entry, pair(), scratch);
    is_one_ = false;
    const std::uint64_t* w = entry + lanes_.half();
    for (std::size_t i = 0; i < lanes_.half(); ++i) sum_[0][i] += w[i];
    if (++summands_ == kMostSummands) multiply_sum(scratch);
  }
  /// Multiplies by 1 + n times the sum of the w, which starts anew.
  void multiply_sum(SquareLanes::Scratch& scratch) {
    lanes_.shear(pair(), sum_[0], pair(), scratch);
    std::fill_n(sum_[0], lanes_.half(), 0);
    summands_ = 0;
  }

 private:
  static constexpr std::size_t kMostSummands = 16;  // below 2n each: 32 n is at most half of R

  const SquareLanes& lanes_;
  Pairs product_, sum_;
  std::size_t summands_ = 0;
  bool is_one_ = true;
};

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
  Pairs chosen = lanes_.pairs(1);
  std::vector<Product> products;
  for (std::size_t i = 0; i < count; ++i) products.emplace_back(lanes_);
  const std::uint64_t* tables[kLanes];
  alignas(64) std::uint64_t index[kLanes];
  for (std::size_t w = 0; w < windows_; w += kLanes) {
    // Where windows have come to an end, base^0 is read from the first.
    for (std::size_t l = 0; l < kLanes; ++l) tables[l] = table(w + l < windows_ ? w + l : 0);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t l = 0; l < kLanes; ++l)
        index[l] =
            exponent_window({exponents + i * exponent_limbs_, exponent_limbs_}, (w + l) * bits_, bits_);
      lanes_.kernels().select_by_lane(tables, entries(), rows(), index, chosen[0]);
      products[i].multiply(chosen[0], scratch);
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    products[i].multiply_sum(scratch);
    lanes_.multiply_lanes(products[i].pair(), chosen[0], scratch);
    lanes_.leave(products[i].pair(), out + i * lanes_.limbs(), 1, scratch);
  }
}

void LaneFixedBase::power_block(const std::uint64_t* exponents, std::uint64_t* out, std::size_t count) const {
  const std::size_t groups = (count + kLanes - 1) / kLanes;
  SquareLanes::Scratch scratch(lanes_);
  Pairs chosen = lanes_.pairs(1);
  std::vector<Product> products;
  for (std::size_t g = 0; g < groups; ++g) products.emplace_back(lanes_);
  alignas(64) std::uint64_t index[kLanes];
  for (std::size_t w = 0; w < windows_; ++w) {
    for (std::size_t g = 0; g < groups; ++g) {
      for (std::size_t l = 0; l < kLanes; ++l) {
        const std::size_t i = g * kLanes + l;
        index[l] = i < count
                       ? exponent_window({exponents + i * exponent_limbs_, exponent_limbs_}, w * bits_, bits_)
                       : 0;
      }
      lanes_.kernels().select_shared(table(w), entries(), rows(), index, chosen[0]);
      products[g].multiply(chosen[0], scratch);
    }
  }
  for (std::size_t g = 0; g < groups; ++g) {
    products[g].multiply_sum(scratch);
    lanes_.leave(products[g].pair(), out + g * kLanes * lanes_.limbs(), std::min(kLanes, count - g * kLanes),
                 scratch);
  }
}

}  // namespace cloister::paillier::internal
