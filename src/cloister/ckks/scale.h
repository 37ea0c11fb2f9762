#pragma once

#include <cmath>
#include <compare>

namespace cloister::ckks {

/// The factor by which slot values are multiplied before they are rounded to coefficients. Positive.
class Scale {
 public:
  constexpr explicit Scale(double value) : value_(value) {}
  constexpr double value() const noexcept { return value_; }
  double log2() const noexcept { return std::log2(value_); }
  friend constexpr Scale operator*(Scale a, Scale b) noexcept { return Scale(a.value_ * b.value_); }
  friend constexpr Scale operator/(Scale a, double divisor) noexcept { return Scale(a.value_ / divisor); }
  friend constexpr bool operator==(Scale, Scale) = default;

 private:
  double value_;
};

}  // namespace cloister::ckks
