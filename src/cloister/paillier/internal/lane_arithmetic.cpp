#include "cloister/paillier/internal/lane_arithmetic.h"

#include <algorithm>
#include <bit>

#include "cloister/base/error.h"
#include "cloister/math/big_integer.h"
#include "cloister/paillier/internal/exponent_window.h"
#include "cloister/paillier/internal/lane_fixed_base.h"
#include "cloister/paillier/internal/lane_multi_power.h"

namespace cloister::paillier::internal {
namespace {

constexpr std::size_t kLanes = SquareLanes::kLanes;
using Scratch = SquareLanes::Scratch;

/// Calls body(first, count) for groups of up to eight.
template <typename Body>
void for_groups(std::size_t total, const Body& body) {
  for (std::size_t first = 0; first < total; first += kLanes) body(first, std::min(kLanes, total - first));
}

/// Powers by windows of `bits` bits: a table of all of them, then squarings and one product a window. The
/// table is read as a whole each time.
class Windows {
 public:
  Windows(const SquareLanes& lanes, std::size_t bits, Scratch& scratch)
      : lanes_(lanes),
        bits_(bits),
        scratch_(scratch),
        table_(lanes.pairs(entries())),
        chosen_(lanes.pairs(1)) {}

  /// pair = pair^e, lane by lane; digits(w, out) writes window w of each lane's e and says whether it has to
  /// be multiplied by.
  template <typename Digits>
  void raise(std::uint64_t* pair, std::size_t windows, const Digits& digits) {
    fill(pair);
    lanes_.copy(lanes_.one(), pair);
    alignas(64) std::uint64_t index[kLanes];
    for (std::size_t w = windows; w-- > 0;) {
      if (w + 1 != windows)
        for (std::size_t i = 0; i < bits_; ++i) lanes_.square(pair, pair, scratch_);
      if (!digits(w, index)) continue;
      lanes_.kernels().select(table_[0], entries(), lanes_.rows(), index, chosen_[0]);
      if (w + 1 == windows)
        lanes_.copy(chosen_[0], pair);
      else
        lanes_.multiply(pair, chosen_[0], pair, scratch_);
    }
  }

 private:
  std::size_t entries() const { return std::size_t{1} << bits_; }
  void fill(const std::uint64_t* pair) {
    lanes_.copy(lanes_.one(), table_[0]);
    lanes_.copy(pair, table_[1]);
    for (std::size_t i = 2; i < entries(); ++i) {
      if (i % 2 == 0)
        lanes_.square(table_[i / 2], table_[i], scratch_);
      else
        lanes_.multiply(table_[i - 1], table_[1], table_[i], scratch_);
    }
  }

  const SquareLanes& lanes_;
  std::size_t bits_;
  Scratch& scratch_;
  Pairs table_, chosen_;
};

/// The window that takes the fewest multiply-adds for an exponent of so many bits; see SquareKernels for the
/// weights.
std::size_t best_window(std::size_t bits) {
  std::size_t best = 1, least = ~std::size_t{0};
  for (std::size_t w = 1; w <= 5; ++w) {
    const std::size_t pairs_of_entries = (std::size_t{1} << w) / 2 - 1;
    const std::size_t cost = 17 * pairs_of_entries + 10 * ((bits + w - 1) / w);
    if (cost < least) best = w, least = cost;
  }
  return best;
}

/// What exponents of a thousand bits and more take least time with: a larger table is read for longer than it
/// saves multiplications.
constexpr std::size_t kSecretWindow = 4;

}  // namespace

void LaneArithmetic::multiply(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out,
                              std::size_t count) const {
  Scratch scratch(lanes_);
  Pairs x = lanes_.pairs(2);
  for_groups(count, [&](std::size_t first, std::size_t n) {
    const std::size_t at = first * limbs();
    lanes_.enter(a + at, limbs(), n, x[0], scratch);
    lanes_.enter(b + at, limbs(), n, x[1], scratch);
    lanes_.multiply(x[0], x[1], x[0], scratch);
    lanes_.leave(x[0], out + at, n, scratch);
  });
}

void LaneArithmetic::add_clear(const std::uint64_t* a, const std::uint64_t* m, std::uint64_t* out,
                               std::size_t count) const {
  Scratch scratch(lanes_);
  for_groups(count, [&](std::size_t first, std::size_t n) {
    lanes_.add_clear(a + first * limbs(), m + first * lanes_.root().size(), out + first * limbs(), n,
                     scratch);
  });
}

void LaneArithmetic::power(const std::uint64_t* bases, std::size_t base_limbs,
                           std::span<const std::uint64_t> exponent, std::uint64_t* out,
                           std::size_t count) const {
  Scratch scratch(lanes_);
  Pairs x = lanes_.pairs(1);
  Windows windows(lanes_, kSecretWindow, scratch);
  for_groups(count, [&](std::size_t first, std::size_t n) {
    lanes_.enter(bases + first * base_limbs, base_limbs, n, x[0], scratch);
    windows.raise(x[0], 64 / kSecretWindow * exponent.size(), [&](std::size_t w, std::uint64_t* index) {
      std::fill_n(index, kLanes, exponent_window(exponent, w * kSecretWindow, kSecretWindow));
      return true;
    });
    lanes_.leave(x[0], out + first * limbs(), n, scratch);
  });
}

void LaneArithmetic::power_vartime(const std::uint64_t* bases, const std::uint64_t* exponents,
                                   std::uint64_t* out, std::size_t count) const {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < count; ++i) all |= exponents[i];
  const auto bits = static_cast<std::size_t>(std::bit_width(all));
  const std::size_t width = best_window(bits);
  Scratch scratch(lanes_);
  Pairs x = lanes_.pairs(1);
  Windows windows(lanes_, width, scratch);
  for_groups(count, [&](std::size_t first, std::size_t n) {
    lanes_.enter(bases + first * limbs(), limbs(), n, x[0], scratch);
    windows.raise(x[0], (bits + width - 1) / width, [&](std::size_t w, std::uint64_t* index) {
      std::uint64_t any = 0;
      for (std::size_t l = 0; l < kLanes; ++l) {
        index[l] = l < n ? exponent_window({exponents + first + l, 1}, w * width, width) : 0;
        any |= index[l];
      }
      return any != 0;
    });
    lanes_.leave(x[0], out + first * limbs(), n, scratch);
  });
}

void LaneArithmetic::multi_power_vartime(std::span<const std::uint64_t* const> bases,
                                         std::span<const std::uint64_t> exponents, std::uint64_t* out,
                                         std::size_t count) const {
  const MultiPower work(lanes_, exponents);
  for_groups(count, [&](std::size_t first, std::size_t n) {
    work.run(bases, first * limbs(), n, out + first * limbs());
  });
}

// Montgomery's trick: the products of all groups up to each one, one inversion a lane of the last product,
// and two products a group on the way back. Eight inversions in all, which that trick turns into one as well.
void LaneArithmetic::invert_vartime(const std::uint64_t* a, std::uint64_t* out, std::size_t count) const {
  if (count == 0) return;
  const std::size_t groups = (count + kLanes - 1) / kLanes;
  Scratch scratch(lanes_);
  Pairs numbers = lanes_.pairs(groups), products = lanes_.pairs(groups), inverse = lanes_.pairs(1);
  for (std::size_t g = 0; g < groups; ++g) {
    lanes_.enter(a + g * kLanes * limbs(), limbs(), std::min(kLanes, count - g * kLanes), numbers[g],
                 scratch);
    if (g == 0)
      lanes_.copy(numbers[0], products[0]);
    else
      lanes_.multiply(products[g - 1], numbers[g], products[g], scratch);
  }

  std::vector<std::uint64_t> ends(kLanes * limbs());
  lanes_.leave(products[groups - 1], ends.data(), kLanes, scratch);
  const BigInteger modulus = BigInteger::from_limbs(square(lanes_.root()).span());
  const auto end = [&](std::size_t l) { return std::span(ends).subspan(l * limbs(), limbs()); };
  std::vector<BigInteger> up_to;
  for (std::size_t l = 0; l < kLanes; ++l) {
    const BigInteger value = BigInteger::from_limbs(end(l));
    up_to.push_back(l == 0 ? value.clone() : (up_to.back() * value).mod(modulus));
  }
  auto rest = ::cloister::invert_vartime(up_to.back(), modulus);
  if (!rest) throw InternalError("a ciphertext that has no inverse passed its check");
  for (std::size_t l = kLanes; l-- > 0;) {
    const BigInteger value = BigInteger::from_limbs(end(l));
    (l == 0 ? rest->clone() : (*rest * up_to[l - 1]).mod(modulus)).to_limbs(end(l));
    *rest = (*rest * value).mod(modulus);
  }

  lanes_.enter(ends.data(), limbs(), kLanes, inverse[0], scratch);
  for (std::size_t g = groups; g-- > 0;) {
    const std::uint64_t* result = inverse[0];
    if (g != 0) {
      lanes_.multiply(inverse[0], products[g - 1], products[g], scratch);
      result = products[g];
    }
    lanes_.leave(result, out + g * kLanes * limbs(), std::min(kLanes, count - g * kLanes), scratch);
    lanes_.multiply(inverse[0], numbers[g], inverse[0], scratch);
  }
}

std::unique_ptr<const FixedBase> LaneArithmetic::fixed_base(std::span<const std::uint64_t> base,
                                                            std::size_t exponent_limbs) const {
  return std::make_unique<LaneFixedBase>(lanes_, base, exponent_limbs);
}

}  // namespace cloister::paillier::internal
