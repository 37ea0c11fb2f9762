#include "cloister/ml/clear_spectrum.h"

#include <algorithm>
#include <cmath>

#include "cloister/base/error.h"
#include "cloister/ml/clear_dense.h"

namespace cloister::ml {
namespace {

constexpr int kMaxSweeps = 64;
constexpr double kRounding = 1e-9;  // data that meets a bound exactly is within it

/// One rotation that zeroes m(p, q), applied from both sides.
void rotate(data::Matrix& m, std::size_t p, std::size_t q) {
  const double theta = (m(q, q) - m(p, p)) / (2 * m(p, q));
  const double t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::hypot(theta, 1.0));
  const double c = 1 / std::hypot(t, 1.0), s = t * c;
  for (std::size_t k = 0; k < m.rows; ++k) {
    const double a = m(k, p), b = m(k, q);
    m(k, p) = c * a - s * b;
    m(k, q) = s * a + c * b;
  }
  for (std::size_t k = 0; k < m.rows; ++k) {
    const double a = m(p, k), b = m(q, k);
    m(p, k) = c * a - s * b;
    m(q, k) = s * a + c * b;
  }
}

}  // namespace

data::Matrix second_moments(const data::Matrix& rows) {
  if (rows.rows == 0 || rows.columns == 0) throw ParametersError("second moments: the matrix is empty");
  require_finite(rows.values, "second moments");
  data::Matrix moments(rows.columns, rows.columns);
  for (std::size_t i = 0; i < rows.rows; ++i)
    for (std::size_t j = 0; j < rows.columns; ++j)
      for (std::size_t k = 0; k <= j; ++k) moments(j, k) += rows(i, j) * rows(i, k);
  for (std::size_t j = 0; j < rows.columns; ++j)
    for (std::size_t k = 0; k <= j; ++k)
      moments(k, j) = moments(j, k) = moments(j, k) / static_cast<double>(rows.rows);
  return moments;
}

std::vector<double> symmetric_eigenvalues(const data::Matrix& symmetric) {
  if (symmetric.rows != symmetric.columns) throw ParametersError("eigenvalues: the matrix is not square");
  require_finite(symmetric.values, "eigenvalues");
  data::Matrix m = symmetric;
  const std::size_t n = m.rows;
  for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
    double off = 0, all = 0;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        all += m(i, j) * m(i, j);
        if (i != j) off += m(i, j) * m(i, j);
      }
    if (off <= 1e-30 * all) break;
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t q = p + 1; q < n; ++q)
        if (m(p, q) != 0) rotate(m, p, q);
  }
  std::vector<double> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = m(i, i);
  std::sort(values.begin(), values.end());
  return values;
}

double largest_eigenvalue(const data::Matrix& rows) {
  return symmetric_eigenvalues(second_moments(rows)).back();
}

double suggested_spectrum_cap(const data::Matrix& rows) {
  const double largest = largest_eigenvalue(rows);
  double cap = 1;
  while (cap < largest) cap = cap * 1.5 >= largest ? cap * 1.5 : cap * 2;
  return cap;
}

void require_spectrum_cap(const data::Matrix& rows, double spectrum_cap) {
  if (largest_eigenvalue(rows) <= spectrum_cap * (1 + kRounding)) return;
  throw Error(
      ErrorCode::kFailedPrecondition,
      "the columns are more strongly correlated, or scaled larger, than the plan's spectrum cap allows: "
      "training could diverge; standardize the columns, drop near-copies, or plan with a larger spectrum "
      "cap (the number of features, intercept included, is always enough for standardized columns)");
}

void require_spectrum_floor(const data::Matrix& rows, double spectrum_floor) {
  const std::vector<double> spectrum = symmetric_eigenvalues(second_moments(rows));
  if (spectrum.front() + kRounding * spectrum.back() >= spectrum_floor) return;
  throw Error(ErrorCode::kFailedPrecondition,
              "the columns depend on each other more closely than the plan's spectrum floor allows: its "
              "iterations would not be enough; drop near-copies, or plan with a lower floor or a ridge");
}

}  // namespace cloister::ml
