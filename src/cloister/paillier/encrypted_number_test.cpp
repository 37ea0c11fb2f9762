#include "cloister/paillier/encrypted_number.h"

#include "cloister/base/error.h"
#include "cloister/paillier/testing/test_parties.h"

namespace cloister::paillier {
namespace {

/// A number of mantissa m, encrypted without noise: (1 + n)^m.
EncryptedNumber number(const PublicKey& key, std::int64_t m, int exponent) {
  return {power_vartime(key.n() + BigInteger(1), BigInteger(m).mod(key.n()), key.n_squared()), exponent};
}

class PaillierNumbers : public ::testing::Test {
 protected:
  std::vector<EncryptedNumber> numbers(std::initializer_list<std::pair<std::int64_t, int>> mantissas) {
    std::vector<EncryptedNumber> out;
    for (const auto& [m, exponent] : mantissas) out.push_back(number(key, m, exponent));
    return out;
  }
  TestParties parties;
  const PublicKey& key = parties.key.public_key();
};

TEST_F(PaillierNumbers, AreBroughtToTheLeastExponent) {
  const auto vector = align(key, numbers({{3, 0}, {-5, -2}, {7, 1}, {0, -3}, {-1, -3}}), 7, parties.pool);
  EXPECT_EQ(vector.format().fraction_bits, 12);
  EXPECT_EQ(vector.format().bound, BigInteger::power_of_two(19));
  EXPECT_EQ(vector.format().packing, parties.single());
  EXPECT_EQ(parties.decryptor.decrypt(vector).to_doubles(),
            (std::vector<double>{3, -5.0 / 256, 112, 0, -1.0 / 4096}));
}

TEST_F(PaillierNumbers, OfPositiveExponentsBecomeIntegers) {
  const auto vector = align(key, numbers({{3, 2}, {-5, 1}}), 10, parties.pool);
  EXPECT_EQ(vector.format().fraction_bits, 0);
  EXPECT_EQ(parties.decryptor.decrypt(vector).to_doubles(), (std::vector<double>{768, -80}));
}

TEST_F(PaillierNumbers, ComeBackWithAnExponentThatFits) {
  for (const int fraction_bits : {0, 1, 4, 6, 11}) {
    const double values[] = {0.0, -3.0, 2.5};
    const FixedPoint format{fraction_bits, 4};
    const auto vector = parties.encryptor.encrypt(values, format, parties.single(), parties.prng);
    const auto out = numbers_of(vector, parties.server);
    ASSERT_EQ(out.size(), 3u);
    for (const auto& n : out) EXPECT_EQ(n.exponent, -(fraction_bits + 3) / 4);
    if (fraction_bits % 4 == 0) {
      EXPECT_EQ(out[1].ciphertext, BigInteger::from_limbs(vector.ciphertext(1)));
    }
    EXPECT_EQ(parties.decryptor.decrypt(align(key, out, 4, parties.pool)).to_doubles(),
              parties.decryptor.decrypt(vector).to_doubles());
  }
}

TEST_F(PaillierNumbers, ThatExceedTheirStatedBoundAreFoundAtDecryption) {
  const auto vector = align(key, numbers({{1024, 0}, {1025, 0}}), 10, parties.pool);
  EXPECT_THROW(parties.decryptor.decrypt(vector), DecodeError);
}

TEST_F(PaillierNumbers, AreRefusedWhereTheBoundCannotHold) {
  const int room = parties.bits() - 3;
  EXPECT_NO_THROW(align(key, numbers({{1, 0}}), room, parties.pool));
  EXPECT_THROW(align(key, numbers({{1, 0}}), room + 1, parties.pool), PrecisionError);
  EXPECT_NO_THROW(align(key, numbers({{1, -2}}), room - 8, parties.pool));
  EXPECT_THROW(align(key, numbers({{1, -2}}), room - 7, parties.pool), PrecisionError);
  EXPECT_NO_THROW(align(key, numbers({{1, -2}}), -8, parties.pool));
  EXPECT_THROW(align(key, numbers({{1, -2}}), -9, parties.pool), PrecisionError);
  EXPECT_NO_THROW(align(key, numbers({{1, 2}}), 8, parties.pool));
  EXPECT_THROW(align(key, numbers({{1, 2}}), 7, parties.pool), PrecisionError);
  EXPECT_THROW(align(key, numbers({{1, -kMaxExponent}}), 0, parties.pool), PrecisionError);
}

TEST_F(PaillierNumbers, AreRefusedWithoutARange) {
  EXPECT_THROW(align(key, {}, 10, parties.pool), ParametersError);
  EXPECT_THROW(align(key, numbers({{1, kMaxExponent + 1}}), 10000, parties.pool), ParametersError);
  EXPECT_THROW(align(key, numbers({{1, -kMaxExponent - 1}}), 10, parties.pool), ParametersError);
  const auto refused = [&](BigInteger value) {
    const EncryptedNumber bad{std::move(value), 0};
    EXPECT_THROW(align(key, {&bad, 1}, 10, parties.pool), ParametersError);
  };
  refused(BigInteger(0));
  refused(BigInteger(-1));
  refused(key.n_squared().clone());
  refused(key.n().clone());
}

TEST_F(PaillierNumbers, AreNotMadeOfPackedOrWiderVectors) {
  const double values[] = {1.0, 2.0};
  const auto packed = parties.encryptor.encrypt(values, FixedPoint{4, 4}, Packing{2, 20}, parties.prng);
  EXPECT_THROW(numbers_of(packed, parties.server), ParametersError);
  const auto with_bound = [&](BigInteger bound) {
    const Int128 one = 1;
    return parties.encryptor.encrypt_integers({&one, 1}, 0, bound, parties.single(), parties.prng);
  };
  BigInteger third;  // floor(n / 3)
  mpz_fdiv_q_ui(third.raw(), key.n().raw(), 3);
  ASSERT_LT(third, parties.single().capacity());
  EXPECT_THROW(numbers_of(with_bound(third.clone()), parties.server), PrecisionError);
  EXPECT_NO_THROW(numbers_of(with_bound(third - BigInteger(1)), parties.server));
}

}  // namespace
}  // namespace cloister::paillier
