#include <algorithm>
#include <cmath>

#include "cloister/ml/internal/spectrum_maximum.h"
#include "cloister/ml/schedule.h"

namespace cloister::ml {
namespace {

constexpr double kMaxChangeScale = 16;

}  // namespace

double LinearStateBounds::largest_weights() const { return *std::ranges::max_element(weights); }

double LinearStateBounds::largest_change() const {
  // The first change is x_0 itself.
  return change.size() < 2 ? 0 : *std::max_element(change.begin() + 1, change.end());
}

int LinearStateBounds::change_scale() const {
  const double later = largest_change();
  if (!(later > 0)) return 1;
  return static_cast<int>(std::clamp(std::floor(largest_weights() / later), 1.0, kMaxChangeScale));
}

LinearStateBounds linear_state_bounds(const LinearSchedule& schedule) {
  // x_t = Q_t(A) b: the squares of what is sought are polynomials.
  const int n = schedule.iterations();
  const std::vector<double> squares = all_largest_over_spectrum(
      schedule.ridge, schedule.upper, 2 * (n + 1), [](int i) { return 2 * (i / 2) + 1; },
      [&](double eigenvalue, const auto& record) {
        const double root = std::sqrt(std::max(eigenvalue - schedule.ridge, 0.0));
        const auto square = [&](double value) { return value * value * root * root; };
        double x = schedule.start, previous = 0;
        for (int t = 0;; ++t) {
          record(2 * t, square(x));
          record(2 * t + 1, square(x - previous));
          if (t == n) return;
          const auto k = static_cast<std::size_t>(t);
          const double next =
              x + schedule.step[k] * (1 - eigenvalue * x) + schedule.momentum[k] * (x - previous);
          previous = x;
          x = next;
        }
      });
  LinearStateBounds out;
  for (std::size_t i = 0; i < squares.size(); ++i)
    (i % 2 == 0 ? out.weights : out.change).push_back(std::sqrt(squares[i]));
  return out;
}

std::vector<double> linear_renewal_gains(const LinearSchedule& schedule, int change_scale) {
  // The error of x_T is linear in those of x_s and x_{s-1}, with the coefficients of linear_gains; an error e
  // of x_s alone, the change being right, is one of both, and f of the change is -f of x_{s-1}.
  const int n = schedule.iterations();
  const std::vector<double> largest = all_largest_over_spectrum(
      schedule.ridge, schedule.upper, 2 * (n + 1), [n](int i) { return n - i / 2; },
      [&](double eigenvalue, const auto& record) {
        double error = 1, previous = 0;
        for (int s = n; s-- > 0;) {
          const auto k = static_cast<std::size_t>(s);
          const double now = (1 - schedule.step[k] * eigenvalue + schedule.momentum[k]) * error + previous;
          previous = -schedule.momentum[k] * error;
          error = now;
          record(2 * (s + 1), error + previous);
          record(2 * (s + 1) + 1, previous);
        }
      });
  std::vector<double> out{0};
  for (std::size_t t = 1; t <= static_cast<std::size_t>(n); ++t)
    out.push_back(largest[2 * t] + largest[2 * t + 1] / change_scale);
  return out;
}

}  // namespace cloister::ml
