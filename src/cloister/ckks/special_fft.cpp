#include "cloister/ckks/special_fft.h"

#include <cmath>
#include <numbers>
#include <utility>

namespace cloister::ckks {
namespace {

void bit_reverse(std::span<std::complex<double>> values) {
  const std::size_t n = values.size();
  for (std::size_t i = 1, j = 0; i < n; ++i) {
    std::size_t bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(values[i], values[j]);
  }
}

// Complex arithmetic without the standard's handling of infinities, which costs a call.
inline std::complex<double> product(const std::complex<double>& a, const std::complex<double>& b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

}  // namespace

SpecialFft::SpecialFft(int log2_degree)
    : size_(std::size_t{1} << (log2_degree - 1)),
      log2_size_(log2_degree - 1),
      twiddles_(size_ < 2 ? 2 : size_) {
  // A block of length m has the roots exp(2 pi i 5^j / (4 m)), j in [0, m / 2).
  for (std::size_t m = 2; m <= size_; m *= 2) {
    std::size_t power = 1;
    for (std::size_t j = 0; j < m / 2; ++j) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(power) / static_cast<double>(4 * m);
      twiddles_[m / 2 + j] = {std::cos(angle), std::sin(angle)};
      power = power * 5 % (4 * m);
    }
  }
}

void SpecialFft::to_slots(std::span<std::complex<double>> values) const {
  bit_reverse(values);
  for (std::size_t m = 2; m <= size_; m *= 2) {
    const std::complex<double>* roots = twiddles_.data() + m / 2;
    for (std::size_t start = 0; start < size_; start += m)
      for (std::size_t j = 0; j < m / 2; ++j) {
        auto& a = values[start + j];
        auto& b = values[start + j + m / 2];
        const auto t = product(b, roots[j]);
        b = a - t;
        a += t;
      }
  }
}

void SpecialFft::to_coefficients(std::span<std::complex<double>> values) const {
  for (std::size_t m = size_; m >= 2; m /= 2) {
    const std::complex<double>* roots = twiddles_.data() + m / 2;
    for (std::size_t start = 0; start < size_; start += m)
      for (std::size_t j = 0; j < m / 2; ++j) {
        auto& a = values[start + j];
        auto& b = values[start + j + m / 2];
        const auto t = a - b;
        a += b;
        b = product(t, std::conj(roots[j]));
      }
  }
  bit_reverse(values);
  const double inverse = 1.0 / static_cast<double>(size_);
  for (auto& v : values) v *= inverse;
}

}  // namespace cloister::ckks
