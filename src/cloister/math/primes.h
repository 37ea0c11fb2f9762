#pragma once

#include <cstdint>
#include <span>

namespace cloister {

/// Whether x is prime; exact for every 64-bit x below 2^60. Variable time.
/// Source: Miller-Rabin with the twelve first primes as bases (Sorenson and Webster, 2015).
bool is_prime(std::uint64_t x);

/// The prime nearest to `target` that is 1 modulo `step` and not in `exclude`. A ring of degree N takes
/// step = 2N. Throws ParametersError if there is none in [target / 2, min(2 target, 2^60)).
std::uint64_t nearest_prime(double target, std::uint64_t step, std::span<const std::uint64_t> exclude);

/// An element of order exactly `order` (a power of two that divides q - 1) modulo the prime q: the
/// smallest one, so that both sides of a file derive the same.
std::uint64_t primitive_root(std::uint64_t q, std::uint64_t order);

}  // namespace cloister
