#include "cloister/paillier/internal/square_lanes.h"

#include <gmp.h>

#include <algorithm>
#include <cassert>

namespace cloister::paillier::internal {
namespace {

constexpr std::uint64_t kDigitMask = (std::uint64_t{1} << kDigitBits) - 1;

/// The same number in every lane.
void limbs_to_lanes(std::span<const std::uint64_t> limbs, std::size_t digits, std::uint64_t* out) {
  limbs_to_lane(limbs, digits, out);
  for (std::size_t i = 0; i < digits; ++i)
    std::fill_n(out + i * kSquareLanes + 1, kSquareLanes - 1, out[i * kSquareLanes]);
}

/// -n^-1 modulo 2^64 of an odd n by Newton's x <- x (2 - n x).
std::uint64_t negative_inverse(std::uint64_t n) {
  std::uint64_t x = n;  // n n = 1 modulo 8: three bits are right
  for (int right = 3; right < 64; right *= 2) x *= 2 - n * x;
  return -x;
}

/// R^exponent mod n^2 as the pair of its quotient and remainder by n.
void power_of_radix(const SecretModulus& root, const SecretModulus& square, std::size_t digits,
                    std::size_t exponent, std::uint64_t* pair) {
  const std::size_t bits = kDigitBits * digits * exponent;
  SecretLimbs value(std::max(bits / 64 + 1, square.limbs())), residue(square.limbs());
  value[bits / 64] = std::uint64_t{1} << bits % 64;
  square.reduce(value.span(), residue.data());
  SecretLimbs low(root.limbs()), high(root.limbs());
  root.divide(residue.span(), high.data(), low.data());
  limbs_to_lanes(low.span(), digits, pair);
  limbs_to_lanes(high.span(), digits, pair + digits * kSquareLanes);
}

/// n - (R - 1 mod n): with R - 1 it is a multiple of n.
SecretLimbs correction_of(const SecretModulus& root, std::size_t digits) {
  const std::size_t bits = kDigitBits * digits;
  SecretLimbs ones((bits + 63) / 64), rest(root.limbs());
  std::ranges::fill(ones, ~std::uint64_t{0});
  if (bits % 64 != 0) ones[ones.size() - 1] >>= 64 - bits % 64;
  root.reduce(ones.span(), rest.data());
  mpn_sub_n(rest.data(), root.value().data(), rest.data(), static_cast<mp_size_t>(root.limbs()));
  return rest;
}

}  // namespace

void limbs_to_lane(std::span<const std::uint64_t> limbs, std::size_t digits, std::uint64_t* lane) {
  for (std::size_t i = 0; i < digits; ++i) {
    const std::size_t at = kDigitBits * i / 64, shift = kDigitBits * i % 64;
    std::uint64_t digit = at < limbs.size() ? limbs[at] >> shift : 0;
    if (shift > 64 - kDigitBits && at + 1 < limbs.size()) digit |= limbs[at + 1] << (64 - shift);
    lane[i * kSquareLanes] = digit & kDigitMask;
  }
}

void lane_to_limbs(const std::uint64_t* lane, std::size_t digits, std::span<std::uint64_t> limbs) {
  for (std::size_t i = 0; i < limbs.size(); ++i) {
    std::size_t at = 64 * i / kDigitBits;
    std::size_t bits = kDigitBits - 64 * i % kDigitBits;  // of the first digit that are this limb's
    std::uint64_t limb = lane[at * kSquareLanes] >> (kDigitBits - bits);
    for (; bits < 64 && ++at < digits; bits += kDigitBits) limb |= lane[at * kSquareLanes] << bits;
    limbs[i] = limb;
  }
}

SquareLanes::SquareLanes(const SquareKernels& kernels, std::span<const std::uint64_t> root)
    : kernels_(kernels), root_(SecretLimbs::copy_of(root)), limbs_(2 * root.size()) {
  const SquareShape shape = square_shape(64 * root.size());
  modulus_.digits = shape.digits;
  modulus_.block = shape.block;
  // root, correction, powers, one, n^2, inverse
  constants_ = SecretLimbs((2 + 2 * kMaxSquareParts + 2 + 2) * half() + kLanes);
  std::uint64_t* at = constants_.data();
  const auto take = [&at](std::size_t words) { return std::exchange(at, at + words); };

  const SecretModulus n(root), n_squared(internal::square(root).span());
  const auto put = [&](std::span<const std::uint64_t> limbs, std::size_t digits) {
    std::uint64_t* out = take(digits * kLanes);
    limbs_to_lanes(limbs, digits, out);
    return out;
  };
  modulus_.root = put(root, shape.digits);
  modulus_.correction = put(correction_of(n, shape.digits).span(), shape.digits);
  square_ = static_cast<std::size_t>(put(n_squared.value(), 2 * shape.digits) - constants_.data());
  one_ = static_cast<std::size_t>(at - constants_.data());
  powers_ = one_ + 2 * half();
  for (std::size_t exponent = 1; exponent <= kMaxSquareParts + 1; ++exponent)
    power_of_radix(n, n_squared, shape.digits, exponent, take(2 * half()));
  modulus_.inverse = std::fill_n(at, kLanes, negative_inverse(root.front()) & kDigitMask) - kLanes;
}

void SquareLanes::load(const std::uint64_t* values, std::size_t value_limbs, std::size_t count,
                       std::size_t digits, std::uint64_t* out) const {
  const std::uint64_t unused = 1;
  for (std::size_t lane = 0; lane < kLanes; ++lane)
    limbs_to_lane(lane < count ? std::span(values + lane * value_limbs, value_limbs) : std::span(&unused, 1),
                  digits, out + lane);
}

void SquareLanes::enter(const std::uint64_t* values, std::size_t value_limbs, std::size_t count,
                        std::uint64_t* pair, Scratch& scratch) const {
  const std::size_t bits = kDigitBits * modulus_.digits;
  const std::size_t parts = (64 * value_limbs + bits - 1) / bits;
  assert(parts <= kMaxSquareParts && count <= kLanes);
  load(values, value_limbs, count, parts * modulus_.digits, scratch.digits());
  kernels_.enter(modulus_, scratch.digits(), parts, powers(), pair, scratch.words());
}

void SquareLanes::leave(const std::uint64_t* pair, std::uint64_t* out, std::size_t count,
                        Scratch& scratch) const {
  std::uint64_t* digits = scratch.digits();
  kernels_.leave(modulus_, pair, digits, scratch.words());
  for (std::size_t lane = 0; lane < count; ++lane)
    lane_to_limbs(digits + lane, 2 * modulus_.digits, {out + lane * limbs_, limbs_});
}

void SquareLanes::add_clear(const std::uint64_t* a, const std::uint64_t* m, std::uint64_t* out,
                            std::size_t count, Scratch& scratch) const {
  std::uint64_t *value = scratch.digits(), *clear = value + 2 * half();
  load(a, limbs_, count, 2 * modulus_.digits, value);
  load(m, limbs_ / 2, count, modulus_.digits, clear);
  kernels_.add_clear(modulus_, square_digits(), powers(), value, clear, value, scratch.words());
  for (std::size_t lane = 0; lane < count; ++lane)
    lane_to_limbs(value + lane, 2 * modulus_.digits, {out + lane * limbs_, limbs_});
}

void SquareLanes::spread(const std::uint64_t* pair, std::size_t lane, std::uint64_t* out) const {
  for (std::size_t i = 0; i < pair_words(); i += kLanes) std::fill_n(out + i, kLanes, pair[i + lane]);
}

void SquareLanes::multiply_lanes(std::uint64_t* pair, std::uint64_t* space, Scratch& scratch) const {
  for (std::size_t step = kLanes / 2; step > 0; step /= 2) {
    for (std::size_t i = 0; i < pair_words(); ++i) space[i] = pair[i ^ step];
    multiply(pair, space, pair, scratch);
  }
}

void SquareLanes::copy(const std::uint64_t* pair, std::uint64_t* out) const {
  std::copy_n(pair, pair_words(), out);
}

}  // namespace cloister::paillier::internal
