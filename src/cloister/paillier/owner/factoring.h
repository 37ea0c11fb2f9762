#pragma once

#include <optional>

#include "cloister/math/big_integer.h"

namespace cloister::paillier {

struct Factors {
  BigInteger p, q;
};

/// The factors of n = p q from a multiple of lcm(p - 1, q - 1), such as (p - 1)(q - 1); nothing where `order`
/// is no such multiple, or n no product of two odd numbers.
/// Math: a^order = 1 modulo n for every a coprime to n; for at least half of them the last square root on the
/// way that is not 1 is not -1 either, and minus one shares a factor with n.
/// Value ranges: n odd and > 1, order > 0.
/// Cost: one exponentiation modulo n for each a tried, two on average.
/// Secrets: variable time, once at loading; wiped, but for GMP's scratch.
/// Source: Miller, "Riemann's hypothesis and tests for primality", 1976, section 4; bases are 2, 3, 4, ...
std::optional<Factors> factor_vartime(const BigInteger& n, const BigInteger& order);

}  // namespace cloister::paillier
