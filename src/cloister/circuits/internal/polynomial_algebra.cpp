#include "cloister/circuits/internal/polynomial_algebra.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace cloister::circuits::internal {

void trim(Coefficients& coefficients) {
  while (coefficients.size() > 1 && coefficients.back() == 0) coefficients.pop_back();
}

double evaluate(Basis basis, std::span<const double> c, double x) {
  if (basis == Basis::kPower) {
    double sum = 0;
    for (std::size_t k = c.size(); k-- > 0;) sum = sum * x + c[k];
    return sum;
  }
  double next = 0, after = 0;  // Clenshaw: b_k = c_k + 2 x b_{k+1} - b_{k+2}
  for (std::size_t k = c.size(); k-- > 1;) {
    const double now = c[k] + 2 * x * next - after;
    after = next;
    next = now;
  }
  return c[0] + x * next - after;
}

Coefficients derivative(Basis basis, std::span<const double> c) {
  if (c.size() == 1) return {0};
  Coefficients out(c.size() - 1);
  if (basis == Basis::kPower) {
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = static_cast<double>(k + 1) * c[k + 1];
    return out;
  }
  // d_k = d_{k+2} + 2 (k + 1) c_{k+1}, the constant halved.
  for (std::size_t k = out.size(); k-- > 0;)
    out[k] = (k + 2 < out.size() ? out[k + 2] : 0) + 2 * static_cast<double>(k + 1) * c[k + 1];
  out[0] /= 2;
  return out;
}

Division divide(Basis basis, std::span<const double> c, std::size_t power) {
  const auto at = c.begin() + static_cast<std::ptrdiff_t>(power);
  Division out{Coefficients(at, c.end()), Coefficients(c.begin(), at)};
  if (basis == Basis::kChebyshev)  // T_{g+j} = 2 T_j T_g - T_{g-j}
    for (std::size_t j = 1; j < out.quotient.size(); ++j) {
      out.remainder[power - j] -= out.quotient[j];
      out.quotient[j] *= 2;
    }
  trim(out.remainder);
  return out;
}

double magnitude_bound(Basis basis, std::span<const double> c, double half_width, double margin) {
  const auto n = static_cast<double>(c.size() - 1);
  // z lies in the ellipse with foci +-half_width and parameter eta, whose distance from the interval is
  // `margin` at its ends and more elsewhere. |T_k| there is at most cosh(k eta).
  const double eta = half_width > 0 ? std::acosh(1 + margin / half_width) : 0;
  double triangle = 0, on_interval = 0;
  for (std::size_t k = 0; k < c.size(); ++k) {
    const auto degree = static_cast<double>(k);
    const bool power = basis == Basis::kPower;
    triangle += std::abs(c[k]) * (power ? std::pow(half_width + margin, degree) : std::cosh(degree * eta));
    on_interval += std::abs(c[k]) * (power ? std::pow(half_width, degree) : 1);
  }
  if (c.size() == 1 || half_width == 0) return triangle;

  // The largest value at the 8 n + 1 points half_width cos(k pi / (8 n)) misses the maximum by a factor of at
  // most 1 / cos(n pi / (2 * 8 n)) (Ehlich, Zeller 1964); off the interval the polynomial grows by at most
  // exp(n eta) (Bernstein 1912). The last term covers the schemes' rounding.
  constexpr int kPointsPerDegree = 8;
  const auto points = kPointsPerDegree * static_cast<int>(n);
  double largest = 0;
  for (int k = 0; k <= points; ++k)
    largest =
        std::max(largest, std::abs(evaluate(basis, c, half_width * std::cos(std::numbers::pi * k / points))));
  const double rounding = 4 * n * n * 0x1p-53 * on_interval;
  const double missed = 1 / std::cos(std::numbers::pi / (2 * kPointsPerDegree));
  return std::min(triangle, (largest + rounding) * missed * std::exp(n * eta));
}

double turned_magnitude_bound(std::span<const double> c, double margin) {
  std::array<Coefficients, 2> parts{Coefficients(c.size()), Coefficients(c.size())};
  for (std::size_t k = 0; k < c.size(); ++k) parts[k % 2][k] = c[k];
  double sum = 0;
  for (Coefficients& part : parts) {
    trim(part);
    sum += magnitude_bound(Basis::kChebyshev, part, 1, margin);
  }
  return sum;
}

}  // namespace cloister::circuits::internal
