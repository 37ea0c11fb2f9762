#include "cloister/ml/internal/amplification.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

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

/// Quadratic forms are homogeneous in each other, so a common factor may be taken out of one: it goes into
/// `log2_scale`. A power of two, so that nothing is rounded.
struct ScaledForm {
  QuadraticForm form;
  int log2_scale = 0;
};

ScaledForm step_back(const ScaledForm& v, const AmplifyingStep& step, double log_excess) {
  constexpr int kRenormAt = 200;
  ScaledForm out{step_back(v.form, step, log_excess), v.log2_scale};
  if (!(out.form.p < std::ldexp(1.0, kRenormAt)) && std::isfinite(out.form.p)) {
    for (double* value : {&out.form.p, &out.form.q, &out.form.r}) *value = std::ldexp(*value, -kRenormAt);
    out.log2_scale += kRenormAt;
  }
  return out;
}

double gain_of(const ScaledForm& v) {
  const double gain = std::ldexp(std::sqrt(v.form.p), v.log2_scale / 2);
  return std::isfinite(gain) ? gain : std::numeric_limits<double>::infinity();
}

/// The steps whose multipliers are sought together, and the form behind the last of them.
struct Window {
  std::span<const AmplifyingStep> steps;
  std::span<double> log_excess;
  ScaledForm behind;

  ScaledForm form_before() const {
    ScaledForm v = behind;
    for (std::size_t j = steps.size(); j-- > 0;) v = step_back(v, steps[j], log_excess[j]);
    return v;
  }
  /// The bound for an error that enters before the first step.
  double bound() const { return gain_of(form_before()); }
};

/// Golden-section search for the best multiplier of one step.
void improve(const Window& window, std::size_t at) {
  constexpr double kGolden = 0.6180339887498949;
  constexpr int kSections = 20;
  const double before = window.bound(), kept = window.log_excess[at];
  const auto value = [&](double candidate) {
    window.log_excess[at] = candidate;
    return window.bound();
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
  if (!(value((low + high) / 2) < before)) window.log_excess[at] = kept;
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

// Step by step from the end, the multipliers of the nearest kWindow steps are sought; those further on keep
// the values that they had when they left the window, where they no longer matter much for the trade between
// p, q and r. Any values prove a bound, so this costs tightness alone. One sweep is enough for a window that
// moves by one, since its multipliers are the last window's.
std::vector<double> amplification_gains(const std::vector<AmplifyingStep>& steps) {
  constexpr std::size_t kWindow = 16;
  constexpr int kSweeps = 4, kMovedSweeps = 1;
  constexpr double kRounding = 1 + 1e-9;  // far above what these recursions can lose to rounding
  const std::size_t n = steps.size();
  std::vector<double> gains(n + 1, 1.0), log_excess(n, 0.0);
  ScaledForm behind;
  for (std::size_t s = n; s-- > 0;) {
    const std::size_t length = std::min(n - s, kWindow);
    if (s + length < n) behind = step_back(behind, steps[s + length], log_excess[s + length]);
    const Window window{std::span(steps).subspan(s, length), std::span(log_excess).subspan(s, length),
                        behind};
    for (int sweep = 0; sweep < (s + length < n ? kMovedSweeps : kSweeps); ++sweep)
      for (std::size_t j = 0; j < length; ++j) improve(window, j);
    gains[s] = kRounding * std::min(window.bound(), triangle_bound(steps, s));
  }
  return gains;
}

}  // namespace cloister::ml
