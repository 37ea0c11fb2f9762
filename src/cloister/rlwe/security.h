#pragma once

namespace cloister::rlwe {

/// The largest log2(QP) for 128-bit classical security with a ternary secret and error deviation of at
/// least 3.19, at ring degree 2^log2_degree; 0 for degrees that the table does not have.
/// Source: Bossuat et al., "Security Guidelines for Implementing Homomorphic Encryption", 2024.
double max_log2_modulus(int log2_degree) noexcept;

/// The largest log2 of the modulus, special primes included, under which anything is encrypted with an
/// ephemeral secret of kEncapsulationWeight nonzero coefficients; 0 for degrees that are too small for one.
/// Source: Bossuat, Troncoso-Pastoriza, Hubaux, "Bootstrapping for approximate homomorphic encryption with
/// negligible failure-probability by using sparse-secret encapsulation", 2022, section 4.
double max_log2_encapsulated_modulus(int log2_degree) noexcept;

/// Nonzero coefficients of the ephemeral secret to which a ciphertext is switched while its modulus is
/// raised.
inline constexpr int kEncapsulationWeight = 32;

/// Of the special prime of that switch above the first prime, so that what it adds is mostly rounding.
inline constexpr int kEncapsulationMarginBits = 2;

inline constexpr int kSecurityBits = 128;

}  // namespace cloister::rlwe
