#include "cloister/ml/internal/chebyshev.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace cloister::ml {

double evaluate_chebyshev(std::span<const double> c, double x) {
  double above = 0, current = 0;
  for (std::size_t k = c.size(); k-- > 1;) {
    const double next = 2 * x * current - above + c[k];
    above = current;
    current = next;
  }
  return x * current - above + c[0];
}

std::vector<double> differentiate_chebyshev(std::span<const double> c) {
  const std::size_t n = c.size();
  std::vector<double> d(std::max<std::size_t>(n - 1, 1), 0.0);
  for (std::size_t k = n - 1; k >= 1; --k)
    d[k - 1] = (k + 1 < d.size() ? d[k + 1] : 0.0) + 2.0 * static_cast<double>(k) * c[k];
  d[0] /= 2;
  return d;
}

double curvature_bound(std::span<const double> c) {
  double sum = 0;
  for (std::size_t k = 0; k < c.size(); ++k) {
    const double k2 = static_cast<double>(k) * static_cast<double>(k);
    sum += std::abs(c[k]) * k2 * (k2 - 1) / 3;
  }
  return sum;
}

std::vector<double> to_power_basis(std::span<const double> c, double range) {
  const std::size_t n = c.size();
  std::vector<long double> sum(n, 0.0L), current(n, 0.0L), previous(n, 0.0L), next(n, 0.0L);
  current[0] = 1;  // T_0
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t i = 0; i < n; ++i) sum[i] += c[k] * current[i];
    const long double factor = k == 0 ? 1 : 2;  // T_1 = x T_0, then T_{k+1} = 2 x T_k - T_{k-1}
    for (std::size_t i = 0; i < n; ++i) next[i] = (i > 0 ? factor * current[i - 1] : 0.0L) - previous[i];
    std::swap(previous, current);
    std::swap(current, next);
  }
  std::vector<double> power(n);
  long double scale = 1;
  for (std::size_t i = 0; i < n; ++i, scale /= range) power[i] = static_cast<double>(sum[i] * scale);
  return power;
}

}  // namespace cloister::ml
