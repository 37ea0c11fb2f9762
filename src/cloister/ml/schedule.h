#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "cloister/ml/polynomial_fit.h"

namespace cloister::ml {

/// What a plan may ask for: with bootstrapping there is no limit but time.
inline constexpr int kMaxIterations = 1000;

/// The largest momentum at which steps of 4/3 / L amplify no error, however long the training: up to it,
/// logistic_gains stay at 1 / (1 - momentum), so that errors add up in proportion to the iterations. Without
/// a limit the momentum goes to 1, and what a sequence of admissible curvatures can do to an error grows
/// exponentially (2e15 times at 100 iterations): that is a property of the method, not of the bound.
/// Source: Attia and Koren 2021 (instability of accelerated gradients); the value is from the bound itself.
inline constexpr double kSteadyMomentum = 0.2;

/// What a logistic training's schedule is computed from. Everything here is public: the server reads it in
/// the plan, so nothing of it may come from the data, unless the owner chooses to publish `spectrum_cap`.
struct LogisticSpec {
  std::size_t features = 0;  ///< d, the intercept included
  int iterations = 0;        ///< T
  int degree = 7;            ///< of the sigmoid's polynomial; odd
  double ridge = 0;          ///< lambda of the penalty lambda/2 |w|^2, the intercept included
  /// Bound on the largest eigenvalue of S^T S / n; default_spectrum_cap(features) if absent.
  std::optional<double> spectrum_cap = std::nullopt;
  /// R; default_range(degree) if absent.
  std::optional<double> range = std::nullopt;
  /// Each iteration sees one of so many batches of rows, each epoch in another order; see batches.h.
  std::size_t batches = 1;
  std::uint64_t seed = 0;  ///< of the order of batches; public
  /// Most that the momentum grows to, in [0, 1]; if absent 1, with more than one batch kSteadyMomentum.
  std::optional<double> momentum_cap = std::nullopt;
};

/// Nesterov's accelerated gradient with public coefficients. With rows s_i = +-(1, x_i), from w = v = 0:
///   z_i = s_i . v,  g = 1/n sum (1/2 - q(z_i)) s_i,  w' = v + step (g - ridge v),
///   v' = (1 + momentum) w' - momentum w.
/// With more than one batch, iteration t sums over the rows of batch[t] alone, and n is their number.
struct LogisticSchedule {
  std::size_t features = 0;
  double ridge = 0;
  double spectrum_cap = 0;
  PolynomialFit sigmoid;         ///< q, close to sigmoid - 1/2
  std::vector<double> step;      ///< [T]
  std::vector<double> momentum;  ///< [T]; first and last are 0
  std::size_t batches = 1;
  std::vector<std::uint32_t> batch;  ///< [T], in [0, batches)

  int iterations() const { return static_cast<int>(step.size()); }
};

/// The bound on the largest eigenvalue that a plan assumes when nobody publishes one: max(2, features / 2).
/// The trace of S^T S / n is `features` for standardized columns, so `features` always holds; half of it
/// holds unless one direction carries half of all columns' variance, and saves about a third of the
/// iterations. require_spectrum_cap tells.
double default_spectrum_cap(std::size_t features);
/// A cap that was given, or the default. Throws ParametersError for one that is not positive.
double spectrum_cap_or_default(std::optional<double> cap, std::size_t features);

/// The interval that fits the margins of 5 to 10 iterations for a polynomial of this degree.
double default_range(int degree);

/// The largest interval, to a quarter, on whose inner nine tenths (default_margin_limit) the polynomial never
/// falls: where errors must not grow over many iterations, and closer to the sigmoid than default_range. For
/// degrees other than 3, 5 and 7 it is default_range.
double steady_range(int degree);

/// With more than one batch, steps fall as 1 / epoch from the third epoch on: batches pull in different
/// directions, and only steps whose sum diverges and whose squares' sum does not come to rest (Robbins and
/// Monro 1951).
///
/// Errors: ParametersError for no features, iterations outside 1..kMaxIterations, an even degree, a negative
/// ridge, a spectrum cap that is not positive, batches outside 1..kMaxBatches or a momentum cap outside [0,
/// 1].
LogisticSchedule plan_logistic(const LogisticSpec& spec);

/// Nine tenths of the polynomial's range: the margin limit that plans assume. The owner checks with
/// largest_margin after decryption that the result kept to it. The last tenth is left out because most
/// minimax polynomials fall steeply there, which would cost the bounds below an order of magnitude.
double default_margin_limit(const PolynomialFit& sigmoid);
double default_margin_limit(const LogisticSchedule& schedule);

/// G_s for s = 1..T: the most by which an error in w_s (L2 norm) is amplified until w_T, whatever the data,
/// as long as the largest eigenvalue of S^T S / n is at most `spectrum_cap` and all margins stay within
/// [-margin_limit, margin_limit]. The derivation stands at the definition; it lets the curvature be another
/// one in each iteration, so it holds for mini-batches as it stands, if the cap holds in each batch
/// (require_batch_spectrum_cap).
///
/// Cost: O(T); 0.2 s for 1000 iterations.
std::vector<double> logistic_gains(const LogisticSchedule& schedule, double margin_limit);

/// A bound on |error of w_T| where each iteration adds an error of at most `error_per_iteration` to w in L2
/// (an error in v counts as one of the next w, where q' >= 0 up to the margin limit): the sum of the gains
/// times it.
double logistic_error_bound(const LogisticSchedule& schedule, double error_per_iteration,
                            double margin_limit);

/// For t = 1..T-1 (0 at t = 0): the most by which errors in v_t and in w_t, of the same L2 norm, that come in
/// between two iterations, are amplified together until w_T: what a bootstrap before iteration t adds.
std::vector<double> logistic_renewal_gains(const LogisticSchedule& schedule, double margin_limit);

/// A bound on |w_t| and |v_t| for every t, for the headroom of the ciphertexts, as long as the spectrum cap
/// holds and all margins stay within the margin limit. Where q' >= 0 there and the momentum is capped, it
/// grows with the root of T alone.
double logistic_weight_bound(const LogisticSchedule& schedule);

/// For t = 1..T: the largest factor between the distance of w_t to the fit and that of w = 0, for a curvature
/// that does not change and whose eigenvalues lie in [least_curvature, max slope * spectrum_cap + ridge].
/// That is exact for a quadratic, and what a training comes to near its fit; early iterations of a logistic
/// loss do not follow it, and nothing is said of the polynomial's distance to the sigmoid.
///
/// Math: max over the spectrum of |r_t|, e_t = r_t(curvature) e_0 for the schedule's recursion.
/// Domain: one batch. Errors: ParametersError for more, or a least curvature outside [0, the most].
std::vector<double> logistic_remaining(const LogisticSchedule& schedule, double least_curvature);

/// Where to stop, without anybody looking at a weight: the fewest iterations after which logistic_remaining
/// is at most `tolerance`, for `spec` with any number of iterations.
///
/// `least_curvature` must be public: the ridge alone, always; or ridge + least mean slope * least eigenvalue
/// of S^T S / n, where the owner vouches for the latter (require_spectrum_floor).
/// Errors: ParametersError where kMaxIterations are too few, a tolerance outside (0, 1), and as above.
int logistic_iterations_for(const LogisticSpec& spec, double least_curvature, double tolerance);

/// The residual polynomial of the iteration for A x = b.
enum class LinearPolynomial {
  /// T_{T+1} on [lower, upper], scaled to 1 at 0: the smallest error of all where the spectrum is known.
  kFirstKind,
  /// W_{T+1}(1 - 2 lambda / upper) / (2 T + 3), of Chebyshev's fourth kind: the smallest residual of all
  /// relative to sqrt(lambda), with no lower bound. For ill-conditioned columns, and as a preconditioner.
  /// Source: Lottes 2023 ("Optimal polynomial smoothers for multigrid V-cycles").
  kFourthKind,
};

inline constexpr double kSteadySlack = 0.05;

/// What a linear or ridge regression's schedule is computed from; public, like LogisticSpec.
struct LinearSpec {
  std::size_t features = 0;  ///< d; columns and target centred, so there is no intercept
  int iterations = 0;        ///< T, products with the matrix
  double ridge = 0;          ///< lambda
  /// Bounds on the spectrum of X^T X / n, without the ridge. Above the upper bound the iteration may
  /// diverge; below the lower it is merely slow. Defaults: default_spectrum_cap(features), and that over
  /// max(2, iterations + 1): with more products a wider band converges. With a ridge the lower may be 0.
  std::optional<double> upper = std::nullopt;
  std::optional<double> lower = std::nullopt;
  LinearPolynomial polynomial = LinearPolynomial::kFirstKind;  ///< the fourth kind reads no `lower`
  /// So much of the upper bound above it the polynomial's interval ends. At its end errors grow with the
  /// products that follow; below it they do not: kSteadySlack takes 2.5% more products, and keeps what an
  /// error in x alone is amplified by at 4.5, where without it is half of T.
  double slack = 0;
};

/// Chebyshev iteration for A x = b, A = X^T X / n + ridge I, without a division:
///   x_0 = start b;  x_{k+1} = x_k + step_k (b - A x_k) + momentum_k (x_k - x_{k-1}),  x_{-1} = 0.
struct LinearSchedule {
  std::size_t features = 0;
  double ridge = 0;
  double lower = 0, upper = 0;  ///< of the spectrum of A, the ridge included; lower is 0 for the fourth kind
  double end = 0;               ///< of the polynomial's interval: upper, or above it for slack
  double start = 0;
  std::vector<double> step;      ///< [T]
  std::vector<double> momentum;  ///< [T]

  int iterations() const { return static_cast<int>(step.size()); }
  /// The factor by which every component of the error with an eigenvalue in [lower, upper] shrinks from x = 0
  /// to x_T: 1 / T_{T+1}((end + lower) / (end - lower)). Components below `lower` never grow. With the
  /// fourth kind, whose lower bound is 0, it is 1.
  double residual_factor() const;
};

/// Errors: ParametersError for no features, iterations outside 0..kMaxIterations, a negative ridge, bounds
/// that are not 0 < lower < upper (0 <= with a ridge), or a lower bound given for the fourth kind.
LinearSchedule plan_linear(const LinearSpec& spec);

/// G_s for s = 0..T: the most by which an error in x_s (L2 norm) is amplified until x_T for any A whose
/// spectrum lies in [ridge, upper].
std::vector<double> linear_gains(const LinearSchedule& schedule);

/// A bound on |error of x_T| where each of the T + 1 steps adds an error of at most `error_per_step` in L2.
double linear_error_bound(const LinearSchedule& schedule, double error_per_step);

/// A bound on |x_t| for every t and targets of mean square at most 1, for the headroom of the ciphertexts.
double linear_weight_bound(const LinearSchedule& schedule);

/// Bounds on the state of a linear training, in L2, for targets of mean square at most 1 and any data whose
/// spectrum keeps to the schedule's: a component of b in an eigenvector's direction is at most the root of
/// its eigenvalue, the ridge not counted. Ill-conditioned columns make x long only where the target is
/// aligned with their least eigenvalues, so these grow with T where linear_weight_bound grows with its
/// square.
struct LinearStateBounds {
  std::vector<double> weights;  ///< [T + 1], of x_t
  std::vector<double> change;   ///< [T + 1], of x_t - x_{t-1}, x_{-1} being 0

  double largest_weights() const;
  double largest_change() const;  ///< that is renewed: for t of at least 1
  /// By which the change may travel multiplied, so that it is no larger than the weights: an integer, at
  /// least 1 and at most 16.
  int change_scale() const;
};
LinearStateBounds linear_state_bounds(const LinearSchedule& schedule);

/// For t = 1..T (0 at t = 0): the most by which errors of the same L2 norm in x_{t-1} and in change_scale
/// times the change x_{t-1} - x_{t-2}, that come in between two iterations, are amplified together until x_T:
/// what a bootstrap before product t adds.
std::vector<double> linear_renewal_gains(const LinearSchedule& schedule, int change_scale);

/// A bound on |b - A x_T| for targets of mean square at most 1 and any spectrum of X^T X / n within
/// [0, upper - ridge], however ill-conditioned: max |r(lambda)| sqrt(lambda - ridge) for the residual
/// polynomial r. For the fourth kind without a ridge it is sqrt(upper) / (2 T + 3), the least that T products
/// can promise.
double linear_residual_bound(const LinearSchedule& schedule);

/// The fewest products after which a schedule of the first kind with upper = condition * lower has a
/// residual_factor of at most `tolerance`: about sqrt(condition) / 2 * log(2 / tolerance).
///
/// Math: T + 1 = acosh(1 / tolerance) / acosh((condition + 1) / (condition - 1)), rounded up.
/// Domain: condition > 1, tolerance in (0, 1). Errors: ParametersError outside, or where kMaxIterations are
/// too few; a ridge (ridge_for_condition) mends that.
int linear_iterations_for(double condition, double tolerance);

/// What is left at most, where a ridge makes a training of many products worth the first kind: it takes the
/// ridge for the lower bound where that comes to this, else the fourth kind.
inline constexpr double kRidgeTolerance = 0.05;

/// The spec of a linear training of many products: with a floor under the spectrum of X^T X / n, or a ridge
/// that suffices (kRidgeTolerance), the first kind from there to the cap; else the fourth. With kSteadySlack.
///
/// Domain: `floor` at least 0, positive without a ridge. Errors: as plan_linear, from that.
LinearSpec long_linear_spec(std::size_t features, int iterations, double ridge, std::optional<double> upper,
                            std::optional<double> floor);

/// The smallest lower bound, as a part of `upper`, from which on T products reach `tolerance`: 1 / condition
/// of linear_iterations_for, solved the other way.
///
/// Math: tanh^2(acosh(1 / tolerance) / (2 (T + 1))).
/// Errors: ParametersError for iterations outside 0..kMaxIterations or a tolerance outside (0, 1).
double linear_band_for(int iterations, double tolerance);

/// The smallest ridge with which a spectrum within [lower, upper], 0 <= lower < upper, has at most the given
/// condition, above 1: max(0, (upper - condition * lower) / (condition - 1)).
double ridge_for_condition(double lower, double upper, double condition);

}  // namespace cloister::ml
