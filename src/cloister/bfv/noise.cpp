#include "cloister/bfv/noise.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "cloister/bfv/internal/product_basis.h"
#include "cloister/random/samplers.h"
#include "cloister/rlwe/noise.h"

namespace cloister::bfv {
namespace {

double degree(const Parameters& p) { return static_cast<double>(p.ring()->degree()); }

// S of noise.h.
double secret_slot_variance(const Parameters& p) { return degree(p) * rlwe::kSecretVariance; }

// x of noise.h.
double secret_tail(const Parameters& p) {
  return std::numbers::ln2 * (rlwe::kNoiseFailureBits + p.ring()->log2_degree() - 1);
}

// The bound on M_k / S^k.
double secret_moment(const Parameters& p, int k) {
  return std::tgamma(k + 1.0) + 8 / degree(p) * std::pow(secret_tail(p), k);
}

// The bound on M_(k + 1) / M_k.
double secret_growth(const Parameters& p, int k) {
  const double relative =
      k >= kMaxSecretDegree ? secret_tail(p) : secret_moment(p, k + 1) / secret_moment(p, k);
  return relative * secret_slot_variance(p);
}

double log2_t(const Parameters& p) { return std::log2(static_cast<double>(p.plaintext_modulus().value())); }

// t / Q times an error of this variance in what is decrypted.
NoiseBound scaled(const Parameters& p, int level, double variance, int secret_degree) {
  return {log2_t(p) - p.log2_modulus_at(level) + std::log2(variance) / 2, secret_degree};
}

// The variance of r0 + r1 s, or r0 + r1 s + r2 s^2, of what is rounded.
double rounding_variance(const Parameters& p, int secret_degree) {
  const double first = secret_growth(p, 0);
  return (1 + first + (secret_degree > 1 ? first * secret_growth(p, 1) : 0)) / 12;
}

}  // namespace

double budget_bits(const Parameters& parameters, const NoiseBound& noise) noexcept {
  // 2 N exp(-d^2 / 2) = 2^-40.
  const double exponent = rlwe::kNoiseFailureBits + parameters.ring()->log2_degree() + 1;
  const double deviations = std::sqrt(2 * std::numbers::ln2 * exponent);
  return -1 - std::log2(deviations) - noise.log2_deviation;
}

// A plaintext's own rounding depends on the message: 1/2 in every coefficient at worst.
NoiseBound message_noise(const Parameters& parameters, int level) noexcept {
  return scaled(parameters, level, 0.25, 0);
}

NoiseBound fresh_secret_noise(const Parameters& parameters) noexcept {
  const int level = parameters.max_level();
  return scaled(parameters, level, rlwe::fresh_secret_variance(), 0) + message_noise(parameters, level);
}

NoiseBound fresh_public_noise(const Parameters& parameters) noexcept {
  const int level = parameters.max_level();
  return scaled(parameters, level, rlwe::fresh_public_variance(*parameters.rlwe()), 1) +
         message_noise(parameters, level);
}

NoiseBound modulus_switch_noise(const Parameters& parameters, int level) noexcept {
  return scaled(parameters, level, rounding_variance(parameters, 1), 1);
}

NoiseBound key_switch_noise(const Parameters& parameters, int level) noexcept {
  const double variance = rlwe::key_error_variance(*parameters.rlwe(), static_cast<std::size_t>(level) + 1) +
                          rounding_variance(parameters, 1);
  return scaled(parameters, level, variance, 1);
}

NoiseBound product_noise(const Parameters& parameters, const NoiseBound& a, const NoiseBound& b,
                         int level) noexcept {
  // The second operand is brought to the modulus R first, with a rounding of its own: t / R (r0 + r1 s).
  const double log2_r = parameters.product_basis().log2_modulus(static_cast<std::size_t>(level) + 1);
  const NoiseBound second =
      b + NoiseBound{log2_t(parameters) - log2_r + std::log2(rounding_variance(parameters, 1)) / 2, 1};
  const int power = std::max(a.secret_degree, second.secret_degree);
  const double growth =
      log2_t(parameters) + std::log2(degree(parameters) / 12 * (1 + secret_growth(parameters, power))) / 2;
  const double linear = growth + log2_sum(a.log2_deviation, second.log2_deviation);
  // The noises' own product: one of them is below 2^-1-budget in every coefficient.
  const double cross = std::log2(degree(parameters)) - 1 - budget_bits(parameters, a) + second.log2_deviation;
  const NoiseBound sum{log2_sum(linear, cross), std::min(power + 1, kMaxSecretDegree)};
  return sum + scaled(parameters, level, rounding_variance(parameters, 2), 2);
}

NoiseBound factor_noise(const Parameters& parameters, const NoiseBound& a,
                        const FactorNorm& factor) noexcept {
  // The product with zero counts as one with 1: it need not be told from others.
  const double by_sum = std::log2(std::max(factor.sum, 1.0));
  const double spread = secret_growth(parameters, a.secret_degree) / secret_slot_variance(parameters);
  const double by_root = std::log2(std::max(factor.root, 1.0)) + std::log2(spread) / 2;
  if (by_sum <= by_root) return {a.log2_deviation + by_sum, a.secret_degree};
  return {a.log2_deviation + by_root, std::min(a.secret_degree + 1, kMaxSecretDegree)};
}

}  // namespace cloister::bfv
