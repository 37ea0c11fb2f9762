#include "cloister/paillier/internal/lane_multi_power.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "cloister/paillier/internal/exponent_window.h"

namespace cloister::paillier::internal {
namespace {

constexpr std::size_t kLanes = SquareLanes::kLanes;
// Multiply-adds over digits^2, see SquareKernels.
constexpr std::size_t kMultiply = 10, kSquare = 7;
constexpr std::size_t kLargestWindow = 12;

std::size_t entries(std::size_t bits) { return std::size_t{1} << bits; }
std::size_t windows(std::size_t bits, std::size_t width) { return (bits + width - 1) / width; }

/// The width with the least cost(width), from `least` to kLargestWindow.
template <typename Cost>
std::size_t cheapest(std::size_t least, const Cost& cost) {
  std::size_t best = least;
  for (std::size_t width = least; width <= kLargestWindow; ++width)
    if (cost(width) < cost(best)) best = width;
  return best;
}

/// A pair that starts as 1: multiplying by it costs nothing until something was multiplied in.
class Product {
 public:
  Product(const SquareLanes& lanes, std::uint64_t* pair) : lanes_(lanes), pair_(pair) {}

  bool is_one() const noexcept { return is_one_; }
  const std::uint64_t* pair() const noexcept { return pair_; }
  void multiply(const std::uint64_t* x, SquareLanes::Scratch& scratch) {
    if (is_one_)
      lanes_.copy(x, pair_);
    else
      lanes_.multiply(pair_, x, pair_, scratch);
    is_one_ = false;
  }
  void multiply(const Product& x, SquareLanes::Scratch& scratch) {
    if (!x.is_one_) multiply(x.pair_, scratch);
  }
  void square(SquareLanes::Scratch& scratch) {
    if (!is_one_) lanes_.square(pair_, pair_, scratch);
  }
  void reset() noexcept { is_one_ = true; }
  /// Writes the 1 that it may stand for.
  void finish() {
    if (is_one_) lanes_.copy(lanes_.one(), pair_);
  }

 private:
  const SquareLanes& lanes_;
  std::uint64_t* pair_;
  bool is_one_ = true;
};

}  // namespace

MultiPower::MultiPower(const SquareLanes& lanes, std::span<const std::uint64_t> exponents)
    : lanes_(lanes), exponents_(exponents) {
  std::uint64_t all = 0;
  for (const std::uint64_t e : exponents) all |= e;
  bits_ = std::max<std::size_t>(1, static_cast<std::size_t>(std::bit_width(all)));
  const std::size_t terms = exponents.size();

  const auto straus = [&](std::size_t width) {
    const std::size_t table = width == 1 ? 0 : kSquare + kMultiply * (entries(width - 1) - 1);
    return terms * (table + kMultiply * bits_ / (width + 1));
  };
  const auto bucket = [&](std::size_t width) {
    return windows(bits_, width) * kMultiply * (terms + 2 * entries(width));
  };
  const auto by_lane = [&](std::size_t width) {
    return kMultiply * (terms + 2 * entries(width) + kLanes) + kSquare * (kLanes - 1) * width;
  };
  straus_window_ = cheapest(1, straus);
  bucket_window_ = cheapest(1, bucket);
  lane_window_ = windows(bits_, kLanes);
  straus_cost_ = straus(straus_window_) + kSquare * bits_;
  bucket_cost_ = bucket(bucket_window_) + kSquare * bits_;
  lane_cost_ = by_lane(lane_window_);
}

void MultiPower::run(std::span<const std::uint64_t* const> bases, std::size_t offset, std::size_t count,
                     std::uint64_t* out) const {
  Scratch scratch(lanes_);
  Pairs result = lanes_.pairs(1);
  if (count * lane_cost_ < std::min(straus_cost_, bucket_cost_)) {
    for (std::size_t i = 0; i < count; ++i) {
      buckets_by_lane(bases, offset + i * lanes_.limbs(), result[0], scratch);
      lanes_.leave(result[0], out + i * lanes_.limbs(), 1, scratch);
    }
    return;
  }
  if (straus_cost_ <= bucket_cost_)
    straus(bases, offset, count, result[0], scratch);
  else
    buckets(bases, offset, count, result[0], scratch);
  lanes_.leave(result[0], out, count, scratch);
}

void MultiPower::straus(std::span<const std::uint64_t* const> bases, std::size_t offset, std::size_t count,
                        std::uint64_t* result, Scratch& scratch) const {
  const std::size_t odd_powers = entries(straus_window_ - 1);
  Pairs table = lanes_.pairs(bases.size() * odd_powers), square = lanes_.pairs(1);
  // Which entries are multiplied in at each bit: windows start at a bit that is set.
  std::vector<std::vector<std::size_t>> due(64);
  for (std::size_t t = 0; t < bases.size(); ++t) {
    std::uint64_t* power = table[t * odd_powers];
    lanes_.enter(bases[t] + offset, lanes_.limbs(), count, power, scratch);
    if (odd_powers > 1) lanes_.square(power, square[0], scratch);
    for (std::size_t k = 1; k < odd_powers; ++k)
      lanes_.multiply(table[t * odd_powers + k - 1], square[0], table[t * odd_powers + k], scratch);
    for (std::size_t bit = 0; bit < 64;) {
      const std::uint64_t digit = exponent_window(exponents_.subspan(t, 1), bit, straus_window_);
      if (digit % 2 == 1) due[bit].push_back(t * odd_powers + digit / 2);
      bit += digit % 2 == 1 ? straus_window_ : 1;
    }
  }
  Product product(lanes_, result);
  for (std::size_t bit = bits_; bit-- > 0;) {
    product.square(scratch);
    for (const std::size_t entry : due[bit]) product.multiply(table[entry], scratch);
  }
  product.finish();
}

// The product of bucket[k]^k over all k is that of all products bucket[k] ... bucket[last], k >= 1.
void MultiPower::buckets(std::span<const std::uint64_t* const> bases, std::size_t offset, std::size_t count,
                         std::uint64_t* result, Scratch& scratch) const {
  const std::size_t last = entries(bucket_window_) - 1;
  Pairs terms = lanes_.pairs(bases.size()), storage = lanes_.pairs(last + 1), sums = lanes_.pairs(2);
  for (std::size_t t = 0; t < bases.size(); ++t)
    lanes_.enter(bases[t] + offset, lanes_.limbs(), count, terms[t], scratch);
  std::vector<Product> bucket;
  for (std::size_t k = 0; k <= last; ++k) bucket.emplace_back(lanes_, storage[k]);
  Product product(lanes_, result), run(lanes_, sums[0]), sum(lanes_, sums[1]);
  for (std::size_t w = windows(bits_, bucket_window_); w-- > 0;) {
    for (std::size_t i = 0; i < bucket_window_; ++i) product.square(scratch);
    for (Product& b : bucket) b.reset();
    for (std::size_t t = 0; t < bases.size(); ++t)
      if (const auto k = exponent_window(exponents_.subspan(t, 1), w * bucket_window_, bucket_window_))
        bucket[k].multiply(terms[t], scratch);
    run.reset();
    sum.reset();
    for (std::size_t k = last; k > 0; --k) {
      run.multiply(bucket[k], scratch);
      sum.multiply(run, scratch);
    }
    product.multiply(sum, scratch);
  }
  product.finish();
}

// A bucket is a row of its lane's own, [lanes][buckets][rows of a pair]; the one of digit 0 takes what is due
// to none.
void MultiPower::buckets_by_lane(std::span<const std::uint64_t* const> bases, std::size_t offset,
                                 std::uint64_t* result, Scratch& scratch) const {
  const std::size_t rows = lanes_.rows(), width = lane_window_, count = entries(width);
  const SquareKernels& kernels = lanes_.kernels();
  Buffer<std::uint64_t> storage(kLanes * count * rows);
  for (std::size_t i = 0; i < kLanes * count * rows; ++i) storage[i] = lanes_.one()[i % rows * kLanes];
  const auto bucket = [&](std::size_t lane, std::size_t k) {
    return storage.data() + (lane * count + k) * rows;
  };
  Pairs work = lanes_.pairs(5);
  std::uint64_t *eight = work[0], *term = work[1], *held = work[2], *run = work[3], *sum = work[4];
  std::uint64_t* row[kLanes];

  std::vector<std::uint64_t> values(kLanes * lanes_.limbs());
  for (std::size_t first = 0; first < bases.size(); first += kLanes) {
    const std::size_t terms = std::min(kLanes, bases.size() - first);
    for (std::size_t i = 0; i < terms; ++i)
      std::copy_n(bases[first + i] + offset, lanes_.limbs(), values.data() + i * lanes_.limbs());
    lanes_.enter(values.data(), lanes_.limbs(), terms, eight, scratch);
    for (std::size_t i = 0; i < terms; ++i) {
      for (std::size_t l = 0; l < kLanes; ++l)
        row[l] = bucket(l, exponent_window(exponents_.subspan(first + i, 1), l * width, width));
      lanes_.spread(eight, i, term);
      kernels.gather_rows(row, rows, held);
      lanes_.multiply(held, term, held, scratch);
      kernels.scatter_rows(held, rows, row);
    }
  }

  Product runs(lanes_, run), sums(lanes_, sum);
  for (std::size_t k = count - 1; k > 0; --k) {
    for (std::size_t l = 0; l < kLanes; ++l) row[l] = bucket(l, k);
    kernels.gather_rows(row, rows, held);
    runs.multiply(held, scratch);
    sums.multiply(runs, scratch);
  }
  // Lane l holds what is due to the power 2^(l width).
  Product product(lanes_, result);
  for (std::size_t l = kLanes; l-- > 0;) {
    for (std::size_t i = 0; i < width; ++i) product.square(scratch);
    lanes_.spread(sum, l, held);
    product.multiply(held, scratch);
  }
}

}  // namespace cloister::paillier::internal
