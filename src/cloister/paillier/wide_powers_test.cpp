#include "cloister/paillier/wide_powers.h"

#include "cloister/paillier/owner/key_generation.h"
#include "cloister/paillier/testing/test_parties.h"

namespace cloister::paillier {
namespace {

class PaillierWidePowers : public testing::Test {
 protected:
  const PublicKey& key() const { return parties.key.public_key(); }
  std::size_t limbs() const { return key().ciphertext_limbs(); }

  std::vector<std::uint64_t> ciphertexts(std::size_t count) {
    std::vector<std::uint64_t> out(count * limbs());
    parties.noise.fill(parties.prng, out, parties.pool);
    return out;
  }
  BigInteger at(std::span<const std::uint64_t> residues, std::size_t i) const {
    return BigInteger::from_limbs(residues.subspan(i * limbs(), limbs()));
  }
  /// base^exponent by GMP alone.
  BigInteger expected(const BigInteger& base, std::size_t i) const {
    const BigInteger magnitude = BigInteger::from_limbs(std::span(magnitudes).subspan(i * kLimbs, kLimbs));
    const BigInteger power = cloister::power_vartime(base, magnitude, key().n_squared());
    return negative[i] == 0 ? power.clone() : *cloister::invert_vartime(power, key().n_squared());
  }
  WideExponents exponents() const { return {magnitudes, negative, kLimbs}; }

  static constexpr std::size_t kLimbs = 3;
  TestParties parties;
  /// Of one limb, two and three, with limbs of zeros in between, zero, and one.
  std::vector<std::uint64_t> magnitudes{5, 0, 0, ~0ull, 7, 0,          0, 0, 1, 0, 0, 0,
                                        1, 0, 0, 3,     0, 1ull << 63, 0, 9, 0, 8, 0, 0};
  std::vector<std::uint8_t> negative{0, 1, 0, 0, 1, 1, 0, 1};
};

TEST_F(PaillierWidePowers, ElementwisePowersAreGmps) {
  const auto bases = ciphertexts(8);
  std::vector<std::uint64_t> out(bases.size());
  power_vartime(key(), bases, exponents(), out, parties.pool);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(at(out, i), expected(at(bases, i), i)) << i;
}

TEST_F(PaillierWidePowers, CombinationsAreGmps) {
  for (const std::size_t count : {1, 3, 9}) {
    const auto columns = ciphertexts(8 * count);
    std::vector<std::uint64_t> out(count * limbs());
    combine_vartime(key(), columns, exponents(), out, parties.pool);
    for (std::size_t i = 0; i < count; ++i) {
      BigInteger product(1);
      for (std::size_t t = 0; t < 8; ++t)
        product = (product * expected(at(columns, t * count + i), t)).mod(key().n_squared());
      EXPECT_EQ(at(out, i), product) << count << ", " << i;
    }
  }
}

TEST_F(PaillierWidePowers, ExponentsOfZeroGiveOne) {
  std::ranges::fill(magnitudes, 0);
  const auto bases = ciphertexts(8);
  std::vector<std::uint64_t> out(bases.size()), one(limbs());
  power_vartime(key(), bases, exponents(), out, parties.pool);
  combine_vartime(key(), bases, exponents(), one, parties.pool);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(at(out, i), BigInteger(1));
  EXPECT_EQ(at(one, 0), BigInteger(1));
}

TEST_F(PaillierWidePowers, LengthsMustFit) {
  const auto bases = ciphertexts(7);
  std::vector<std::uint64_t> out(bases.size());
  EXPECT_THROW(power_vartime(key(), bases, exponents(), out, parties.pool), ParametersError);
  EXPECT_THROW(combine_vartime(key(), bases, exponents(), std::span(out).first(limbs()), parties.pool),
               ParametersError);
  magnitudes.pop_back();
  EXPECT_THROW(power_vartime(key(), bases, exponents(), out, parties.pool), ParametersError);
}

/// Of 1024 bits, with product of 2048: 3 modulo 4 or 1, as `residue` says.
BigInteger prime(std::uint64_t residue, std::uint64_t skip) {
  BigInteger value = (BigInteger(1) << 1024) - BigInteger::from_limbs({&skip, 1});
  do value = value - BigInteger(1);
  while (value.mod(std::uint64_t{4}) != residue || !is_probable_prime_vartime(value));
  return value;
}

TEST(PaillierAdoptedKeys, WorkForPrimesThatTheirMakerChose) {
  const ThreadPool pool(2);
  Prng prng{Seed(Bytes32{5})};
  // 1 modulo 4 both, and close to each other: what no key made here is.
  const BigInteger p = prime(1, 0), q = prime(1, 1 << 20), r = prime(3, 1 << 21);
  EXPECT_NE(factor_fault_vartime(p, q), nullptr);
  for (const BigInteger* other : {&q, &r}) {
    const PublicKey key = PublicKey::adopt(p * *other, prng);
    const SecretKey secret = SecretKey::adopt_vartime(key, p, *other);
    const std::vector<double> values{1.5, -2, 0};
    const auto vector = Encryptor(PublicNoise(key), pool).encrypt(values, {8, 4}, Packing{1, 100}, prng);
    const Decryptor decryptor(secret, pool);
    EXPECT_EQ(decryptor.decrypt(vector).to_doubles(), values);
    const auto plaintexts = decryptor.decrypt_residues(vector.residues());
    EXPECT_EQ(plaintexts[1], key.n() - BigInteger(512));
  }
}

TEST(PaillierAdoptedKeys, RefuseOtherFactorsAndMalformedModuli) {
  Prng prng{Seed(Bytes32{5})};
  const BigInteger p = prime(1, 0), q = prime(3, 1 << 20), one(1);
  const PublicKey key = PublicKey::adopt(p * q, prng);
  EXPECT_NO_THROW(SecretKey::adopt_vartime(key, q, p));
  EXPECT_THROW(SecretKey::adopt_vartime(key, p, q + BigInteger(4)), ParametersError);
  EXPECT_THROW(SecretKey::adopt_vartime(key, one, p * q), ParametersError);
  EXPECT_THROW(SecretKey::adopt_vartime(key, -p, -q), ParametersError);
  EXPECT_THROW(PublicKey::adopt(p * q + one, prng), ParametersError);
  EXPECT_THROW(PublicKey::adopt(p * p, prng), ParametersError);
  EXPECT_THROW(PublicKey::adopt(p.clone(), prng), SecurityError);
}

}  // namespace
}  // namespace cloister::paillier
