#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace cloister::ml {

/// Points at which polynomials of degree up to `degree` are taken to bound them over an interval, and the
/// most by which one may exceed the largest of its values there: with the extrema of T_N, 1 / cos(pi degree /
/// 2N). Source: Ehlich and Zeller 1964.
class SpectrumGrid {
 public:
  SpectrumGrid(double from, double to, int degree)
      : from_(from), to_(to), nodes_(std::max(2048, 8 * degree)) {}

  int size() const { return nodes_ + 1; }
  double at(int i) const { return from_ + (to_ - from_) * (1 - std::cos(kPi * i / nodes_)) / 2; }
  double share(int degree) const { return std::cos(kPi * degree / (2.0 * nodes_)); }

 private:
  static constexpr double kPi = 3.14159265358979323846;
  double from_, to_;
  int nodes_;
};

/// The largest |value| that `polynomial`, of at most the given degree, takes in [from, to]; rounded up.
template <typename Polynomial>
double largest_over_spectrum(double from, double to, int degree, const Polynomial& polynomial) {
  const SpectrumGrid grid(from, to, degree);
  double largest = 0;
  for (int i = 0; i < grid.size(); ++i) largest = std::max(largest, std::abs(polynomial(grid.at(i))));
  return largest / grid.share(degree);
}

/// The same for polynomials p_0, .., p_count-1, p_k of degree at most `degree(k)`, that a recursion meets one
/// after the other: `visit(x, record)` calls record(k, p_k(x)) for each of them.
template <typename Degree, typename Visit>
std::vector<double> all_largest_over_spectrum(double from, double to, int count, const Degree& degree,
                                              const Visit& visit) {
  int most = 0;
  for (int k = 0; k < count; ++k) most = std::max(most, degree(k));
  const SpectrumGrid grid(from, to, most);
  std::vector<double> largest(static_cast<std::size_t>(count), 0.0);
  const auto record = [&](int k, double value) {
    double& held = largest[static_cast<std::size_t>(k)];
    held = std::max(held, std::abs(value));
  };
  for (int i = 0; i < grid.size(); ++i) visit(grid.at(i), record);
  for (int k = 0; k < count; ++k) largest[static_cast<std::size_t>(k)] /= grid.share(degree(k));
  return largest;
}

}  // namespace cloister::ml
