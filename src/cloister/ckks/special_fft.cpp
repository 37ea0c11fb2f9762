#include "cloister/ckks/special_fft.h"

#include <cmath>
#include <complex>
#include <numbers>
#include <utility>

namespace cloister::ckks {
namespace {

// exp(2 pi i power / (4 m)), power below 4 m: from an angle of at most an eighth turn, whose own rounding is
// then below 2^-53.
std::complex<double> root_of_unity(std::size_t power, std::size_t m) {
  const std::size_t within = power % m;
  const bool upper = 2 * within > m;
  const double turn = static_cast<double>(upper ? m - within : within) / static_cast<double>(m);
  double x = std::cos(turn * (std::numbers::pi / 2)), y = std::sin(turn * (std::numbers::pi / 2));
  if (upper) std::swap(x, y);
  switch (power / m) {
    case 0:
      return {x, y};
    case 1:
      return {-y, x};
    case 2:
      return {-x, -y};
    default:
      return {y, -x};
  }
}

}  // namespace

SpecialFft::SpecialFft(int log2_degree, const KernelTable& kernels)
    : kernels_(&kernels),
      real_(std::size_t{1} << (log2_degree - 1)),
      imaginary_(std::size_t{1} << (log2_degree - 1)) {
  // A block of length m has the roots exp(2 pi i 5^j / (4 m)), j in [0, m / 2).
  for (std::size_t m = 2; m <= real_.size(); m *= 2) {
    std::size_t power = 1;
    for (std::size_t j = m / 2; j < m; ++j) {
      const auto root = root_of_unity(power, m);
      real_[j] = root.real();
      imaginary_[j] = root.imag();
      power = power * 5 % (4 * m);
    }
  }
}

void SpecialFft::to_slots(const double* coefficients, double* slots) const noexcept {
  kernels_->fft_to_slots(roots(), coefficients, slots);
}

void SpecialFft::to_coefficients(double* slots, double* coefficients) const noexcept {
  kernels_->fft_to_coefficients(roots(), slots, coefficients);
}

}  // namespace cloister::ckks
