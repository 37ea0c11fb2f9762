#pragma once

namespace cloister::rlwe {

/// The largest log2(QP) for 128-bit classical security with a ternary secret and error deviation of at
/// least 3.19, at ring degree 2^log2_degree; 0 for degrees that the table does not have.
/// Source: Bossuat et al., "Security Guidelines for Implementing Homomorphic Encryption", 2024.
double max_log2_modulus(int log2_degree) noexcept;

inline constexpr int kSecurityBits = 128;

}  // namespace cloister::rlwe
