#pragma once

namespace cloister::rlwe {

/// Which table of moduli parameters are held to. k2018 is a little larger, and for compatibility layers only:
/// programs that were written against it run, with a warning.
enum class SecurityTable { k2024, k2018 };

/// The largest log2(QP) for 128-bit classical security with a ternary secret and error deviation of at
/// least 3.19, at ring degree 2^log2_degree; 0 for degrees that the table does not have.
/// Sources: Bossuat et al., "Security Guidelines for Implementing Homomorphic Encryption", 2024; for k2018
/// Albrecht et al., "Homomorphic Encryption Security Standard", 2018, table 1.
double max_log2_modulus(int log2_degree, SecurityTable table = SecurityTable::k2024) noexcept;

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
