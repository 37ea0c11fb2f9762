#include "cloister/circuits/internal/two_sines.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cloister::circuits::internal {
namespace {

double squared(double x) { return x * x; }

}  // namespace

// With a + 2 b = 1 + c, the sum is (1 + c) x - (a + 8 b) x^3 / 6 + (a + 32 b) x^5 / 120 - ..., of which the
// last is near -x^5 / 30. The best that c and the cubic can make of it on [-h, h] is h^5 / 480, where they
// complete it to the fifth Chebyshev polynomial: x^5 - 5/4 h^2 x^3 + 5/16 h^4 x. Terms from x^7 on are in
// `error` and `slope`, which are taken on a grid.
TwoSines two_sines(double h) noexcept {
  constexpr int kPoints = 1000;
  TwoSines out;
  out.b = (-1 - squared(h) / 4 + squared(squared(h)) / 96) / 6;
  out.a = 1 - squared(squared(h)) / 96 - 2 * out.b;
  for (int k = 0; k <= kPoints; ++k) {
    const double x = h * k / kPoints;
    out.slope = std::max(out.slope, std::abs(out.a * std::cos(x) + 2 * out.b * std::cos(2 * x)));
    out.error = std::max(out.error, std::abs(out.a * std::sin(x) + out.b * std::sin(2 * x) - x) / h);
  }
  return out;
}

// The imaginary part of a z + b z^2 is 2 pi m; half of it, since the conjugate gives as much.
ReductionFactors::ReductionFactors(const TwoSines& sines, int squarings, double gain, ckks::Scale scale,
                                   ckks::Scale before) {
  const double least = gain / (4 * std::numbers::pi) * scale.value() / before.value();
  factors.push_back(std::sqrt(least * std::abs(sines.b)));
  linear = least * sines.a / factors.front();
  for (int k = 0; k < squarings; ++k) factors.push_back(std::sqrt(factors.back()));
}

}  // namespace cloister::circuits::internal
