#include "cloister/paillier/wide_powers.h"

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

TEST(PaillierDecryptResidues, PlaintextsFillTheWholeRange) {
  TestParties parties;
  const PublicKey& key = parties.key.public_key();
  const std::size_t limbs = key.ciphertext_limbs(), plain = key.plaintext_limbs();
  const BigInteger one(1);
  // What no vector holds: all of [0, n) is a plaintext of other libraries.
  const BigInteger values[] = {BigInteger(0), one.clone(), key.n() >> 1, (key.n() >> 1) + one, key.n() - one};
  std::vector<std::uint64_t> ciphertexts(5 * limbs), plaintexts(5 * plain);
  parties.noise.fill(parties.prng, ciphertexts, parties.pool);
  for (std::size_t i = 0; i < 5; ++i) values[i].to_limbs(std::span(plaintexts).subspan(i * plain, plain));
  key.arithmetic().add_clear(ciphertexts.data(), plaintexts.data(), ciphertexts.data(), 5);
  const auto opened = parties.decryptor.decrypt_residues(ciphertexts);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(opened[i], values[i]) << i;
  std::fill_n(ciphertexts.begin() + static_cast<std::ptrdiff_t>(limbs), limbs, 0);
  EXPECT_THROW(parties.decryptor.decrypt_residues(ciphertexts), DecodeError);
}

}  // namespace
}  // namespace cloister::paillier
