#include "cloister/paillier/owner/decryptor.h"

#include "cloister/paillier/testing/test_parties.h"

namespace cloister::paillier {
namespace {

TEST(PaillierDecryptor, NoticesAFaultModuloAPrime) {
  const SecretKey key = TestParties::load();
  const PrimeFactor factor(key.p(), key.q());
  std::vector<std::uint64_t> ciphertext(key.public_key().ciphertext_limbs()), out(key.p().size());
  // A multiple of p has no power that is 1 modulo p: what a faulty exponentiation looks like.
  (BigInteger::from_limbs(key.p()) * BigInteger(5)).to_limbs(ciphertext);
  EXPECT_THROW(factor.decrypt(ciphertext.data(), out.data(), 1), InternalError);
  (key.public_key().n() + BigInteger(1)).to_limbs(ciphertext);
  factor.decrypt(ciphertext.data(), out.data(), 1);
  EXPECT_EQ(BigInteger::from_limbs(out), BigInteger(1));
}

TEST(PaillierCrt, CombinesAtTheEdgesInBothOrders) {
  const SecretKey key = TestParties::load();
  const BigInteger p = BigInteger::from_limbs(key.p()), q = BigInteger::from_limbs(key.q());
  const BigInteger n = p * q, one(1);
  const std::size_t limbs = key.p().size();
  std::vector<std::uint64_t> x(limbs), y(limbs), out(2 * limbs);
  for (const Crt& crt : {Crt(key.p(), key.q()), Crt(key.q(), key.p())}) {
    const BigInteger first = BigInteger::from_limbs(crt.first().value());
    const BigInteger second = BigInteger::from_limbs(crt.second().value());
    for (const BigInteger& value : {BigInteger(0), BigInteger(1), first - one, first.clone(), second.clone(),
                                    second - one, n - one, n - first, n >> 1}) {
      value.mod(first).to_limbs(x);
      value.mod(second).to_limbs(y);
      crt.combine(x.data(), y.data(), out.data());
      EXPECT_EQ(BigInteger::from_limbs(out), value);
    }
  }
}

}  // namespace
}  // namespace cloister::paillier
