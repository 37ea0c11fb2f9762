#include "cloister/paillier/owner/factoring.h"

#include "cloister/base/error.h"
#include "cloister/paillier/testing/test_parties.h"

namespace cloister::paillier {
namespace {

const BigInteger kOne(1);

BigInteger least_common_multiple(const BigInteger& a, const BigInteger& b) {
  BigInteger out;
  mpz_lcm(out.raw(), a.raw(), b.raw());
  return out;
}

/// Whether the factors are p and q in either order.
bool found(const std::optional<Factors>& factors, const BigInteger& p, const BigInteger& q) {
  return factors && ((factors->p == p && factors->q == q) || (factors->p == q && factors->q == p));
}

TEST(PaillierFactoring, FromEveryMultipleOfTheGroupsExponent) {
  const SecretKey key = TestParties::load();
  const BigInteger p = BigInteger::from_limbs(key.p()), q = BigInteger::from_limbs(key.q()), n = p * q;
  const BigInteger product = (p - kOne) * (q - kOne);
  const BigInteger multiple = least_common_multiple(p - kOne, q - kOne);
  EXPECT_NE(product, multiple);
  EXPECT_TRUE(found(factor_vartime(n, product), p, q));
  EXPECT_TRUE(found(factor_vartime(n, multiple), p, q));
  EXPECT_TRUE(found(factor_vartime(n, multiple * BigInteger(35)), p, q));
}

TEST(PaillierFactoring, OfEverySmallProduct) {
  for (const std::int64_t p : {131, 137, 139, 149, 151, 157, 163, 257})
    for (const std::int64_t q : {167, 173, 179, 181, 191, 193, 769}) {
      const BigInteger a(p), b(q);
      EXPECT_TRUE(found(factor_vartime(a * b, (a - kOne) * (b - kOne)), a, b)) << p << " " << q;
      EXPECT_TRUE(found(factor_vartime(a * b, least_common_multiple(a - kOne, b - kOne)), a, b))
          << p << " " << q;
    }
}

TEST(PaillierFactoring, RefusesWhatIsNoSuchNumber) {
  const BigInteger p(1009), q(1013);
  const BigInteger order = (p - kOne) * (q - kOne);
  EXPECT_FALSE(factor_vartime(p * q, order + BigInteger(2)));
  EXPECT_FALSE(factor_vartime(p * q, kOne));
  EXPECT_FALSE(factor_vartime(p, p - kOne));  // a prime
  EXPECT_THROW(factor_vartime(p * q, BigInteger(0)), ParametersError);
  EXPECT_THROW(factor_vartime(p * q, -order), ParametersError);
  EXPECT_THROW(factor_vartime(p * BigInteger(2), order), ParametersError);
  EXPECT_THROW(factor_vartime(kOne, order), ParametersError);
}

}  // namespace
}  // namespace cloister::paillier
