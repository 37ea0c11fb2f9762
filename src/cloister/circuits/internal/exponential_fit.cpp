#include "cloister/circuits/internal/exponential_fit.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "cloister/circuits/internal/polynomial_algebra.h"

namespace cloister::circuits::internal {
namespace {

constexpr int kPoints = 5;          // of an interval, to fit
constexpr int kCheckedPoints = 33;  // of an interval, to bound: the error hardly changes from one to the next
constexpr int kRounds = 60;

using Matrix = std::vector<std::vector<double>>;  // by columns

double dot(const std::vector<double>& a, const std::vector<double>& b, std::size_t from) {
  double sum = 0;
  for (std::size_t i = from; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// The least squares solution of a x = b, by Householder's reflections.
std::vector<double> least_squares(Matrix a, std::vector<double> b) {
  const std::size_t n = a.size();
  std::vector<double> diagonal(n);
  for (std::size_t k = 0; k < n; ++k) {
    const double norm = std::sqrt(dot(a[k], a[k], k));
    diagonal[k] = a[k][k] > 0 ? -norm : norm;
    a[k][k] -= diagonal[k];
    const double square = dot(a[k], a[k], k);
    const auto reflect = [&](std::vector<double>& x) {
      const double by = 2 * dot(a[k], x, k) / square;
      for (std::size_t i = k; i < x.size(); ++i) x[i] -= by * a[k][i];
    };
    for (std::size_t j = k + 1; j < n; ++j) reflect(a[j]);
    reflect(b);
  }
  std::vector<double> x(n);
  for (std::size_t k = n; k-- > 0;) {
    double sum = b[k];
    for (std::size_t j = k + 1; j < n; ++j) sum -= a[j][k] * x[j];
    x[k] = sum / diagonal[k];
  }
  return x;
}

// Points of all intervals.
std::vector<double> points(int overflow, double margin, int each) {
  std::vector<double> out;
  for (int integer = -overflow; integer <= overflow; ++integer)
    for (int k = 0; k < each; ++k) out.push_back(integer + margin * (2.0 * k / (each - 1) - 1));
  return out;
}

}  // namespace

ExponentialFit fit_exponential(int overflow, double margin, int squarings, int degree) {
  ExponentialFit fit;
  fit.half_width = overflow + margin;
  const double frequency = 2 * std::numbers::pi / std::exp2(squarings);
  // Points lie symmetrically, so the even and the odd part of cos + sin are fitted as if they were alone.
  const auto value = [&](double x) { return std::cos(frequency * x) + std::sin(frequency * x); };
  const auto error = [&](double x) {
    const auto at = [&](double t) {
      return evaluate(Basis::kChebyshev, fit.coefficients, t / fit.half_width) - value(t);
    };
    const double here = at(x), opposite = at(-x);
    return std::hypot((here + opposite) / 2, (here - opposite) / 2);
  };
  const auto xs = points(overflow, margin, kPoints);
  const auto columns = static_cast<std::size_t>(degree) + 1;
  std::vector<double> weights(xs.size(), 1.0), best;
  double least = INFINITY;
  for (int round = 0; round < kRounds; ++round) {
    Matrix a(columns, std::vector<double>(xs.size()));
    std::vector<double> b(xs.size());
    for (std::size_t i = 0; i < xs.size(); ++i) {
      const double weight = std::sqrt(weights[i]), u = xs[i] / fit.half_width;
      double before = weight, now = weight * u;
      for (std::size_t k = 0; k < columns; ++k) {
        a[k][i] = before;
        const double next = 2 * u * now - before;
        before = now;
        now = next;
      }
      b[i] = weight * value(xs[i]);
    }
    fit.coefficients = least_squares(std::move(a), std::move(b));
    std::vector<double> errors(xs.size());
    std::ranges::transform(xs, errors.begin(), error);
    const double largest = std::ranges::max(errors);
    if (largest < least) {
      least = largest;
      best = fit.coefficients;
    }
    double sum = 0;
    for (std::size_t i = 0; i < xs.size(); ++i) sum += weights[i] *= errors[i] / largest;
    for (double& w : weights) w *= static_cast<double>(xs.size()) / sum;
  }
  fit.coefficients = best;
  for (const double x : points(overflow, margin, kCheckedPoints))
    fit.max_error = std::max(fit.max_error, error(x));
  return fit;
}

// By sums over more extrema than there are terms that count; the error is at most the terms that are left
// out.
ExponentialFit exponential_series(int overflow, double margin, int squarings, int degree) {
  constexpr int kExtrema = 96;
  ExponentialFit out;
  out.half_width = overflow + margin;
  const double frequency = 2 * std::numbers::pi * out.half_width / std::exp2(squarings);
  for (int k = 0; k < degree + kExtrema / 2; ++k) {
    double sum = 0;
    for (int j = 0; j < kExtrema; ++j) {
      const double angle = std::numbers::pi * (j + 0.5) / kExtrema, x = frequency * std::cos(angle);
      sum += (std::cos(x) + std::sin(x)) * std::cos(k * angle);
    }
    const double coefficient = sum * (k == 0 ? 1 : 2) / kExtrema;
    if (k <= degree)
      out.coefficients.push_back(coefficient);
    else
      out.max_error += std::abs(coefficient);
  }
  return out;
}

}  // namespace cloister::circuits::internal
