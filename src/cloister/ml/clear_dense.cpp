#include "cloister/ml/clear_dense.h"

#include <cmath>
#include <string>

#include "cloister/base/error.h"

namespace cloister::ml {

std::vector<double> multiply(const data::Matrix& m, std::span<const double> x) {
  std::vector<double> y(m.rows);
  for (std::size_t i = 0; i < m.rows; ++i) y[i] = dot(m.row(i), x);
  return y;
}

std::vector<double> multiply_transposed(const data::Matrix& m, std::span<const double> x) {
  std::vector<double> y(m.columns, 0.0);
  for (std::size_t i = 0; i < m.rows; ++i)
    for (std::size_t j = 0; j < m.columns; ++j) y[j] += m(i, j) * x[i];
  return y;
}

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

std::optional<Cholesky> Cholesky::factor(std::span<const long double> a, std::size_t n) {
  std::vector<long double> lower(n * n, 0.0L);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      long double sum = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= lower[i * n + k] * lower[j * n + k];
      if (i != j) {
        lower[i * n + j] = sum / lower[j * n + j];
      } else if (sum > 0) {
        lower[i * n + i] = std::sqrt(sum);
      } else {
        return std::nullopt;
      }
    }
  }
  return Cholesky(std::move(lower), n);
}

std::vector<long double> Cholesky::solve(std::span<const long double> b) const {
  std::vector<long double> x(b.begin(), b.end());
  for (std::size_t i = 0; i < n_; ++i) {
    for (std::size_t k = 0; k < i; ++k) x[i] -= lower_[i * n_ + k] * x[k];
    x[i] /= lower_[i * n_ + i];
  }
  for (std::size_t i = n_; i-- > 0;) {
    for (std::size_t k = i + 1; k < n_; ++k) x[i] -= lower_[k * n_ + i] * x[k];
    x[i] /= lower_[i * n_ + i];
  }
  return x;
}

void require_finite(std::span<const double> values, const char* what) {
  for (const double value : values)
    if (!std::isfinite(value))
      throw ParametersError(std::string(what) +
                            ": a value is infinite or not a number; drop or impute such rows first");
}

}  // namespace cloister::ml
