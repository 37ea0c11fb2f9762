#pragma once

#include "cloister/bfv/ciphertext.h"
#include "cloister/bfv/parameters.h"

namespace cloister::bfv {

// Bounds on the invariant noise (NoiseBound), derived as follows.
//
// A product of two ciphertexts multiplies the noise of each with the polynomial A = (t/Q)(c0 + c1 s) of the
// other, c0 and c1 uniform. In the evaluation domain that is slot by slot: the noise's variance in slot j
// grows by (t^2 N / 12)(1 + |s_j|^2), and s_j is the same in every product. So after k of them the variance
// of a coefficient, the mean over the slots, has the mean M_k of |s_j|^2k as a factor. The secret's slots are
// complex Gaussian of variance S = 2N/3: M_k is k! S^k on average, and heavy-tailed. It is bounded by (k! + 8
// x^k / N) S^k, where x = ln(2^40 N / 2): |s_j|^2 is above x S in some slot with a probability of 2^-40. (The
// factor 8 covers uniform polynomials that are extreme in the same slot.) The bound on M_(k+1) over that on
// M_k rises with k, so that of a sum the highest power may stand for all; so it may of slots that were
// permuted, by Hoelder's inequality. From kMaxSecretDegree on M_(k+1) is bounded by x S M_k.
//
// Given the secret and all that is uniform, a coefficient of v is a sum of N and more independent errors, and
// so close to Gaussian: budget_bits() allows as many deviations as no coefficient exceeds but for 2^-40.
// Source: Biasioli, Marcolla, Calderini, Mono, "Improving and automating BFV parameters selection: an
// average-case approach", 2023 (Gaussian noise, and that powers of the secret are not independent). The tails
// are ours.

/// Bits until v may reach 1/2 in some coefficient, but for 2^-40 a ciphertext.
double budget_bits(const Parameters& parameters, const NoiseBound& noise) noexcept;
/// What an operation has to leave of them, and decryption has to find.
inline constexpr double kLeastBudgetBits = 1;

inline constexpr int kMaxSecretDegree = 40;

/// Of fresh ciphertexts at the highest level, the message's rounding included.
NoiseBound fresh_secret_noise(const Parameters& parameters) noexcept;
NoiseBound fresh_public_noise(const Parameters& parameters) noexcept;
/// Of a message that is added at a level: its rounding to a multiple of Q / t.
NoiseBound message_noise(const Parameters& parameters, int level) noexcept;
/// Of the rounding after a division down to a level.
NoiseBound modulus_switch_noise(const Parameters& parameters, int level) noexcept;
NoiseBound key_switch_noise(const Parameters& parameters, int level) noexcept;
/// Of products before relinearization.
NoiseBound product_noise(const Parameters& parameters, const NoiseBound& a, const NoiseBound& b,
                         int level) noexcept;
/// Of products with a plaintext. Where its sum of magnitudes does not tell more, the factor is taken for one
/// whose values in the evaluation domain are spread as a random polynomial's are, which a batch's are.
NoiseBound factor_noise(const Parameters& parameters, const NoiseBound& a, const FactorNorm& factor) noexcept;

}  // namespace cloister::bfv
