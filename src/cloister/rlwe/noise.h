#pragma once

#include "cloister/rlwe/parameters.h"

namespace cloister::rlwe {

/// Schemes' bounds hold but for a probability of 2^-40 an operation.
inline constexpr double kNoiseFailureBits = 40;
/// Of a coefficient of the secret.
inline constexpr double kSecretVariance = 2.0 / 3.0;

// Variances of one coefficient of the noise that an operation adds, for a uniform ternary secret (variance
// 2/3 a coefficient) and centred binomial errors. Terms are sums of N or more independent products, so
// coefficients are close to Gaussian; the statistical tests compare measured variances with these.

/// Of a fresh encryption under the secret key: that of the error.
double fresh_secret_variance() noexcept;
/// Of a fresh encryption under the public key: e v + e0 + e1 s.
double fresh_public_variance(const Parameters& parameters) noexcept;
/// Of a rounding division by a modulus (rescale, or mod-down's own part): r0 + r1 s, r uniform.
double rounding_variance(const Parameters& parameters) noexcept;
/// Of one key switch of a polynomial of `q_limbs` limbs: digits times the key's errors, divided by P,
/// plus the rounding.
double key_switch_variance(const Parameters& parameters, std::size_t q_limbs) noexcept;
/// The part of key_switch_variance before the rounding.
double key_error_variance(const Parameters& parameters, std::size_t q_limbs) noexcept;
/// Of what ModulusRaiser raises: the key switch to the sparse secret, over q and its special prime, and the
/// one back.
double raising_variance(const Parameters& parameters) noexcept;

// The same of a chain of primes alone, for planners: no tables are needed.
double rounding_variance(const ParametersSpec& spec) noexcept;
double key_error_variance(const ParametersSpec& spec, std::size_t q_limbs) noexcept;
double raising_variance(const ParametersSpec& spec) noexcept;

}  // namespace cloister::rlwe
