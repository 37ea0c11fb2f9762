#include "cloister/paillier/owner/factoring.h"

#include <gmp.h>

#include "cloister/base/error.h"

namespace cloister::paillier {
namespace {

constexpr std::int64_t kBases = 128;

/// The last square root of 1 on the way from a^odd to a^(odd 2^squarings) = 1 that is not 1 itself; 1 where
/// a^odd is. Nothing if the way does not end at 1.
std::optional<BigInteger> root_of_one(const BigInteger& a, const BigInteger& odd, std::size_t squarings,
                                      const BigInteger& n) {
  const BigInteger one(1);
  BigInteger root = power_vartime(a, odd, n);
  if (root == one) return root;
  for (std::size_t i = 0; i < squarings; ++i) {
    BigInteger squared = (root * root).mod(n);
    if (squared == one) return root;
    root = std::move(squared);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Factors> factor_vartime(const BigInteger& n, const BigInteger& order) {
  const BigInteger one(1);
  if (n <= one || !n.is_odd() || order.sign() <= 0)
    throw ParametersError("factoring: n is odd, both positive");
  const std::size_t twos = mpz_scan1(order.raw(), 0);
  const BigInteger odd = order >> twos;
  for (std::int64_t a = 2; a < kBases; ++a) {
    const auto root = root_of_one(BigInteger(a), odd, twos, n);
    if (!root) return std::nullopt;
    BigInteger p = gcd_vartime(*root - one, n);
    if (p == one || p == n) continue;
    BigInteger q;
    mpz_divexact(q.raw(), n.raw(), p.raw());
    return Factors{std::move(p), std::move(q)};
  }
  return std::nullopt;
}

}  // namespace cloister::paillier
