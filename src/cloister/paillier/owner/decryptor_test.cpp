#include "cloister/paillier/owner/decryptor.h"

#include "cloister/paillier/owner/decryption_check.h"
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

class PaillierDecryptionCheck : public testing::Test {
 protected:
  PaillierDecryptionCheck() {
    const auto a = parties.encryptor.encrypt(std::vector<double>{3, 0, 1, 255}, FixedPoint{0, 8},
                                             parties.single(), parties.prng);
    check.emplace(parties.key.public_key(), a.residues(), parties.prng);
    for (const int m : {3, 0, 1, 255}) plaintexts.emplace_back(m);
    std::vector<std::uint64_t> residues(check->ciphertext().begin(), check->ciphertext().end());
    const BigInteger c = BigInteger::from_limbs(residues);
    // The textbook's decryption, by the order of the whole group.
    const PublicKey& key = parties.key.public_key();
    const BigInteger one(1), p = BigInteger::from_limbs(parties.key.p()),
                             q = BigInteger::from_limbs(parties.key.q());
    const BigInteger order = (p - one) * (q - one);
    BigInteger quotient;
    mpz_divexact(quotient.raw(), (power_vartime(c, order, key.n_squared()) - one).raw(), key.n().raw());
    plaintexts.push_back((quotient * *invert_vartime(order, key.n())).mod(key.n()));
  }
  BigInteger q() const { return BigInteger::from_limbs(parties.key.q()); }

  TestParties parties;
  std::optional<DecryptionCheck> check;
  std::vector<BigInteger> plaintexts;  ///< the right ones
};

TEST_F(PaillierDecryptionCheck, PassesWhatIsRight) { EXPECT_NO_THROW(check->verify(plaintexts)); }

TEST_F(PaillierDecryptionCheck, FindsAFaultModuloOneFactorInAnyPlace) {
  for (BigInteger& m : plaintexts) {
    BigInteger right = m.clone();
    m = (m + q()).mod(parties.key.public_key().n());  // right modulo q: a multiple of p off
    EXPECT_THROW(check->verify(plaintexts), InternalError);
    m = std::move(right);
  }
}

TEST_F(PaillierDecryptionCheck, FindsAFaultThatIsTheSameForAll) {
  for (BigInteger& m : plaintexts) m = (m * BigInteger(7)).mod(parties.key.public_key().n());
  EXPECT_THROW(check->verify(plaintexts), InternalError);  // a spoilt constant of the key
  for (BigInteger& m : plaintexts) m = BigInteger(0);
  EXPECT_THROW(check->verify(plaintexts), InternalError);
}

TEST(PaillierDecryptor, DecryptsAnyNumberOfCiphertexts) {
  for (const int threads : {1, 3}) {
    TestParties parties(4, threads);
    for (const std::size_t count : {1, 7, 8, 31, 32, 63, 70}) {
      std::vector<double> x(count);
      for (std::size_t i = 0; i < count; ++i) x[i] = static_cast<double>(i) - 20.5;
      const auto a = parties.encryptor.encrypt(x, FixedPoint{1, 10}, parties.single(), parties.prng);
      EXPECT_EQ(parties.decryptor.decrypt(a).to_doubles(), x);
    }
  }
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
