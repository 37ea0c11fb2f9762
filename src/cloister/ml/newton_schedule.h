#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "cloister/ml/polynomial_fit.h"
#include "cloister/ml/schedule.h"

namespace cloister::ml {

/// What a fixed-Hessian training's schedule is computed from; public, like LogisticSpec.
struct NewtonSpec {
  std::size_t features = 0;  ///< d, the intercept included
  int iterations = 0;        ///< T, passes over the rows
  int products = 4;  ///< k, products with the matrix of second moments an iteration; 0: plain gradient
  int degree = 7;    ///< of the sigmoid's polynomial; odd
  double ridge = 0;  ///< lambda of the penalty lambda/2 |w|^2, the intercept included
  std::optional<double> spectrum_cap = std::nullopt;  ///< as in LogisticSpec
  std::optional<double> range = std::nullopt;         ///< R; steady_range(degree) if absent
};

/// Newton's method with a Hessian that does not change and is inverted by a polynomial. With rows s_i = +-(1,
/// x_i), G = S^T S / n, c the polynomial's largest slope and A = G + ridge / c, the matrix c A is at least
/// every Hessian of the surrogate loss (Boehning and Lindsay 1988, with c = 1/4 for the sigmoid). From w = 0:
///   z_i = s_i . w,  g = 1/n sum (1/2 - q(z_i)) s_i - ridge w,  w' = w + (step / c) Q(A) g,
/// where Q(A) g is what `solve`, Chebyshev's iteration of the fourth kind for A p = g, comes to after k
/// products from p = 0. Q(A), symmetric and positive definite, stands for A^{-1}: lambda Q(lambda) lies in
/// (0, 1.22] on (0, upper] and near 1 down to about 2 upper / k^2, so the condition of the columns no longer
/// rules how many passes are needed, only how far the slopes of q differ.
///
/// An encrypted training has the matrix G once (three levels of the rows: see LinearTrainer) and needs for
/// each iteration those of the gradient and k more.
/// Source: ours, from Boehning and Lindsay 1988 and Lottes 2023 (the polynomial).
struct NewtonSchedule {
  std::size_t features = 0;
  int iterations = 0;
  double ridge = 0;
  double spectrum_cap = 0;
  PolynomialFit sigmoid;  ///< q, close to sigmoid - 1/2
  double curvature = 0;   ///< c
  double step = 0;        ///< of Newton's direction: 4/3
  LinearSchedule solve;   ///< k products; its ridge is ridge / c
};

/// Errors: ParametersError for no features, iterations outside 1..kMaxIterations, products outside
/// 0..kMaxNewtonProducts, an even degree, a negative ridge or a spectrum cap that is not positive.
NewtonSchedule plan_newton(const NewtonSpec& spec);

inline constexpr int kMaxNewtonProducts = 32;

/// Q(eigenvalue) for an eigenvalue of A.
double newton_inverse(const NewtonSchedule& schedule, double eigenvalue);

/// What is proven of one iteration, for rows within the spectrum cap whose margins stay in [-limit, limit].
struct NewtonContraction {
  /// Between an exact w and a disturbed w + e, e' = (I - B) e, where Q^{-1/2} B Q^{1/2} is symmetric with its
  /// spectrum in [least, most].
  double least = 0, most = 0;
  /// The factor max(|1 - least|, |1 - most|) of Q's own norm sqrt(e . Q^{-1} e): at most 1 where q' >= 0.
  double factor = 0;
  /// sqrt(largest / smallest eigenvalue of Q): between that norm and the Euclidean one.
  double distortion = 0;
};

/// Math: with M between the slopes' bounds times G, plus the ridge, B = (step / c) Q(A) M, and Q commutes
/// with G: the least and the most of (step / c) (slope (lambda - ridge / c) + ridge) Q(lambda) over the
/// spectrum. Domain: spectrum_floor, a bound below the eigenvalues of S^T S / n, in [0, cap); 0 assumes
/// nothing. Errors: ParametersError outside it, or for a limit outside (0, range].
NewtonContraction newton_contraction(const NewtonSchedule& schedule, double margin_limit,
                                     double spectrum_floor = 0);

/// Largest magnitudes, for the headroom of the ciphertexts, as long as the spectrum cap holds and all margins
/// stay within the polynomial's range.
struct NewtonBounds {
  double weights = 0;    ///< |w_t|
  double direction = 0;  ///< |p| of every step of the solution, in units of what is added to w
};
NewtonBounds newton_bounds(const NewtonSchedule& schedule);

/// What an iteration adds to the weights, in L2, beyond the exact arithmetic.
struct NewtonErrors {
  double gradient = 0;  ///< error of start * (step / c) g, the vector that the solution starts from
  double product = 0;   ///< error of each of the k products, where it has been added to p
  double update = 0;    ///< error of w + p itself
};

/// What an error comes to in w_T at most, in L2, by where it comes in.
struct NewtonGains {
  double gradient = 0, product = 0;  ///< to the w of its iteration: NewtonErrors' of one iteration
  double product_root = 0;  ///< the root of the sum of squares of the products', where `product` is the sum
  /// [T]: from w_{t + 1}, t = 0..T-1, to w_T. Each iteration contracts by `factor` in Q's norm, so that it is
  /// distortion * factor^(T - 1 - t), and 1 for the last.
  std::vector<double> iteration;

  /// Of what every iteration adds: the sum over iterations is proportional to T at worst, where Nesterov's
  /// bound is exponential (kSteadyMomentum).
  double error_bound(const NewtonErrors& errors) const;
};
/// Math: e_T = sum over t of (I - B)^(T - t) d_t, in Q's norm; the last d_t counts without the distortion.
NewtonGains newton_gains(const NewtonSchedule& schedule, double margin_limit, double spectrum_floor = 0);

/// A bound on |error of w_T|: newton_gains of the errors of every iteration.
double newton_error_bound(const NewtonSchedule& schedule, const NewtonErrors& errors, double margin_limit,
                          double spectrum_floor = 0);

/// Where to stop, without anybody looking at a weight: the fewest iterations T for which |w_T - fit| is at
/// most `tolerance` times |fit|, fit being the optimum of the surrogate loss (the polynomial's, not the
/// sigmoid's). This is proven for the loss itself, not only near the fit: distortion * factor^T <= tolerance,
/// as the fit is a fixed point. It asks for much where `margin_limit` goes to where q is flat.
///
/// Errors: ParametersError where kMaxIterations are too few, and for a tolerance outside (0, 1).
int newton_iterations_for(const NewtonSpec& spec, double margin_limit, double spectrum_floor,
                          double tolerance);

}  // namespace cloister::ml
