#include "cloister/ml/internal/amplification.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cloister::ml {
namespace {

// Training maps v to G(v) = v + step (g(v) - ridge v). Between an exact v and a disturbed v + u, the mean
// value theorem gives G(v + u) - G(v) = A u with A = I - step (ridge I + H), where H = 1/n sum q'(.) s_i
// s_i^T, averaged over the segment: symmetric, and within [min(q', 0), max q'] times the largest eigenvalue
// of S^T S / n, because margins on a segment lie between those at its ends. Hence AmplifyingStep.
//
// The triangle inequality bounds one step by r (1 + 2 momentum), r = max(|least|, |most|): 52 for the sum
// over seven iterations. The following bound, an S-procedure, gives 13, a few percent above the worst
// sequence of scalar A (which the tests enumerate). Look for quadratic forms V_j(x, w) = p|x|^2 + 2q x.w +
// r|w|^2 with V_n = |x|^2 and V_j(x, w) >= V_{j+1}(A u, x), u = (1 + momentum) x - momentum w, for every
// admissible A; then |e_n|^2 <= V_s(e_s, 0) = p_s |e_s|^2. With a = A u, the spectrum of A gives (a - least
// u).(most u - a) >= 0, so for any tau > p
//   V_{j+1}(a, x) <= V_{j+1}(a, x) + tau (a - least u).(most u - a),
// whose maximum over all a, at a = (q x + tau c u) / (tau - p) with c = (least + most) / 2, is
//   |q x + tau c u|^2 / (tau - p) + r |x|^2 - tau least most |u|^2,
// a quadratic form of (x, w): that is V_j. Every choice of the tau gives a proven bound; they are chosen by
// descent, one coordinate after the other.

struct QuadraticForm {
  double p = 1, q = 0, r = 0;
};

QuadraticForm step_back(const QuadraticForm& v, const AmplifyingStep& step, double log_excess) {
  const double p = std::max(v.p, 1e-9);
  const double excess = p * std::exp(log_excess), tau = p + excess;
  const double ux = 1 + step.momentum, uw = -step.momentum;
  const double centre = (step.least + step.most) / 2;
  const double lx = v.q + tau * centre * ux, lw = tau * centre * uw;
  const double product = tau * step.least * step.most;
  return {.p = lx * lx / excess + v.r - product * ux * ux,
          .q = lx * lw / excess - product * ux * uw,
          .r = lw * lw / excess - product * uw * uw};
}

/// The bound for an error that enters before steps[first].
double bound(const std::vector<AmplifyingStep>& steps, const std::vector<double>& log_excess,
             std::size_t first) {
  QuadraticForm v;
  for (std::size_t j = steps.size(); j-- > first;) v = step_back(v, steps[j], log_excess[j]);
  const double gain = std::sqrt(v.p);
  return std::isfinite(gain) ? gain : std::numeric_limits<double>::infinity();
}

/// Golden-section search for the best multiplier of one step.
void improve(const std::vector<AmplifyingStep>& steps, std::vector<double>& log_excess, std::size_t first,
             std::size_t at) {
  constexpr double kGolden = 0.6180339887498949;
  constexpr int kSections = 20;
  const double before = bound(steps, log_excess, first), kept = log_excess[at];
  const auto value = [&](double candidate) {
    log_excess[at] = candidate;
    return bound(steps, log_excess, first);
  };
  double low = -12, high = 12;
  double x = high - kGolden * (high - low), y = low + kGolden * (high - low);
  double at_x = value(x), at_y = value(y);
  for (int i = 0; i < kSections; ++i) {
    if (at_x < at_y) {
      high = y;
      y = x;
      at_y = at_x;
      x = high - kGolden * (high - low);
      at_x = value(x);
    } else {
      low = x;
      x = y;
      at_x = at_y;
      y = low + kGolden * (high - low);
      at_y = value(y);
    }
  }
  if (!(value((low + high) / 2) < before)) log_excess[at] = kept;
}

double triangle_bound(const std::vector<AmplifyingStep>& steps, std::size_t first) {
  double error = 1, previous = 0;
  for (std::size_t j = first; j < steps.size(); ++j) {
    const double contraction = std::max(std::abs(steps[j].least), std::abs(steps[j].most));
    const double next = contraction * ((1 + steps[j].momentum) * error + steps[j].momentum * previous);
    previous = error;
    error = next;
  }
  return error;
}

}  // namespace

std::vector<double> amplification_gains(const std::vector<AmplifyingStep>& steps) {
  constexpr int kSweeps = 4;
  constexpr double kRounding = 1 + 1e-9;  // far above what these recursions can lose to rounding
  const std::size_t n = steps.size();
  std::vector<double> gains(n + 1, 1.0), log_excess(n, 0.0);
  for (std::size_t s = n;
       s-- > 0;) {  // the multipliers of the later steps are a good start for one step more
    for (int sweep = 0; sweep < kSweeps; ++sweep)
      for (std::size_t j = s; j < n; ++j) improve(steps, log_excess, s, j);
    gains[s] = kRounding * std::min(bound(steps, log_excess, s), triangle_bound(steps, s));
  }
  return gains;
}

}  // namespace cloister::ml
