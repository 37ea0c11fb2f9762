#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "cloister/data/matrix.h"

namespace cloister::ml {

/// m x.
std::vector<double> multiply(const data::Matrix& m, std::span<const double> x);

/// m^T x.
std::vector<double> multiply_transposed(const data::Matrix& m, std::span<const double> x);

double dot(std::span<const double> a, std::span<const double> b);

/// The lower triangular factor of a small symmetric positive definite matrix, in extended precision.
class Cholesky {
 public:
  /// Shapes: a [n][n] row-major; the lower triangle is read. Empty if a pivot is not positive.
  static std::optional<Cholesky> factor(std::span<const long double> a, std::size_t n);

  /// Solves a x = b.
  std::vector<long double> solve(std::span<const long double> b) const;

 private:
  Cholesky(std::vector<long double> lower, std::size_t n) : lower_(std::move(lower)), n_(n) {}

  std::vector<long double> lower_;  // [n][n]
  std::size_t n_;
};

/// Throws ParametersError naming `what` if a value is infinite or not a number.
void require_finite(std::span<const double> values, const char* what);

}  // namespace cloister::ml
