#include "cloister/math/primes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <string>

#include "cloister/math/modulus.h"

namespace cloister {

bool is_prime(std::uint64_t x) {
  constexpr std::array<std::uint64_t, 12> kBases{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
  if (x < 2) return false;
  for (const auto p : kBases)
    if (x % p == 0) return x == p;
  const Modulus q(x);
  const int twos = std::countr_zero(x - 1);
  const std::uint64_t odd = (x - 1) >> twos;
  return std::ranges::all_of(kBases, [&](std::uint64_t base) {
    std::uint64_t y = q.pow(base, odd);
    if (y == 1 || y == x - 1) return true;
    for (int i = 1; i < twos; ++i) {
      y = q.mul(y, y);
      if (y == x - 1) return true;
    }
    return false;
  });
}

std::uint64_t nearest_prime(double target, std::uint64_t step, std::span<const std::uint64_t> exclude) {
  const double high = std::min(2 * target, std::ldexp(1.0, Modulus::kMaxBits));
  const auto usable = [&](std::uint64_t x) {
    return static_cast<double>(x) >= target / 2 && static_cast<double>(x) < high &&
           std::ranges::find(exclude, x) == exclude.end() && is_prime(x);
  };
  const auto centre = static_cast<std::uint64_t>(std::llround(target / static_cast<double>(step)));
  // Where the target is above what a modulus may be, nothing nearer is possible.
  const std::uint64_t largest = std::uint64_t{1} << Modulus::kMaxBits;
  const std::uint64_t nearest = centre - std::min(centre, largest / step);
  for (std::uint64_t away = nearest; static_cast<double>(away * step) < target; ++away) {
    const std::uint64_t below = (centre - std::min(centre, away)) * step + 1;
    const std::uint64_t above = (centre + away) * step + 1;
    if (static_cast<double>(below) < target / 2 && static_cast<double>(above) >= high) break;
    const bool below_ok = usable(below), above_ok = usable(above);
    if (below_ok && above_ok)
      return target - static_cast<double>(below) <= static_cast<double>(above) - target ? below : above;
    if (below_ok) return below;
    if (above_ok) return above;
  }
  throw ParametersError("primes: none is left near 2^" + std::to_string(std::log2(target)) + " with step " +
                        std::to_string(step) + "; ask for larger or fewer primes");
}

std::uint64_t primitive_root(std::uint64_t q, std::uint64_t order) {
  if (!std::has_single_bit(order) || (q - 1) % order != 0)
    throw ParametersError("primitive_root: " + std::to_string(order) +
                          " does not divide q - 1 for q = " + std::to_string(q));
  const Modulus modulus(q);
  std::uint64_t root = 0;
  for (std::uint64_t g = 2;; ++g) {
    root = modulus.pow(g, (q - 1) / order);
    if (order == 1 || modulus.pow(root, order / 2) == q - 1) break;
  }
  // The elements of this order are the odd powers of any one of them.
  std::uint64_t smallest = root, power = root;
  const std::uint64_t square = modulus.mul(root, root);
  for (std::uint64_t i = 1; i < order / 2; ++i) {
    power = modulus.mul(power, square);
    smallest = std::min(smallest, power);
  }
  return smallest;
}

}  // namespace cloister
