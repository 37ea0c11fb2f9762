#include "cloister/paillier/evaluator.h"

#include <cmath>
#include <random>

#include "cloister/paillier/testing/test_parties.h"

namespace cloister::paillier {
namespace {

constexpr FixedPoint kValues{20, 10};
constexpr FixedPoint kWeights{16, 4};

/// Random values with every edge of the format among them.
std::vector<double> edge_values(std::size_t count, const FixedPoint& format, std::uint32_t seed) {
  std::mt19937 generator(seed);
  const double most = std::ldexp(1.0, format.integer_bits), least = std::ldexp(1.0, -format.fraction_bits);
  std::uniform_real_distribution<double> uniform(-most, most);
  std::vector<double> out{0.0, 1.0, -1.0, most, -most, least, -least};
  while (out.size() < count) out.push_back(uniform(generator));
  for (double& v : out) v = std::nearbyint(std::ldexp(v, format.fraction_bits)) * least;
  return out;
}

/// The same in both forms: one value a ciphertext, and packed for the widest result of the tests.
class PaillierOperations : public testing::TestWithParam<bool> {
 protected:
  Packing packing() const {
    return GetParam() ? Packing::plan(parties.bits(), dot_bound(kValues.bound(), kWeights, 20))
                      : parties.single();
  }
  EncryptedVector encrypted(std::span<const double> values) {
    return parties.encryptor.encrypt(values, kValues, packing(), parties.prng);
  }
  std::vector<double> decrypted(const EncryptedVector& v) {
    return parties.decryptor.decrypt(v).to_doubles();
  }

  TestParties parties;
};

INSTANTIATE_TEST_SUITE_P(Forms, PaillierOperations, testing::Bool(),
                         [](const auto& param) { return param.param ? "Packed" : "Single"; });

TEST_P(PaillierOperations, SumsAreExact) {
  const auto x = edge_values(12, kValues, 1);
  auto y = edge_values(12, kValues, 2);
  std::ranges::reverse(y);
  const auto a = encrypted(x), b = encrypted(y);
  const auto sum = decrypted(parties.server.add(a, b));
  const auto difference = decrypted(parties.server.subtract(a, b));
  const auto negated = decrypted(parties.server.negate(a));
  const auto shifted = decrypted(parties.server.add_clear(a, y, kValues.integer_bits));
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(sum[i], x[i] + y[i]);
    EXPECT_EQ(difference[i], x[i] - y[i]);
    EXPECT_EQ(negated[i], -x[i]);
    EXPECT_EQ(shifted[i], x[i] + y[i]);
  }
}

TEST_P(PaillierOperations, ProductsWithClearNumbersAreExact) {
  const auto x = edge_values(9, kValues, 3);
  const auto a = encrypted(x);
  for (const double w : {0.0, 1.0, -1.0, 16.0, -16.0, std::ldexp(1.0, -16), -3.140625}) {
    const auto product = parties.server.multiply(a, w, kWeights);
    EXPECT_EQ(product.format().fraction_bits, 36);
    EXPECT_EQ(product.format().bound, BigInteger::power_of_two(50));
    const auto got = decrypted(product);
    for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(got[i], w * x[i]) << w;
  }
}

TEST_P(PaillierOperations, DotIsExactForEverySignOfWeights) {
  constexpr std::size_t kRows = 9, kColumns = 4;
  const auto x = edge_values(kRows * kColumns, kValues, 4);
  const auto matrix = parties.encryptor.encrypt_matrix(x, kColumns, kValues, packing(), parties.prng);
  EXPECT_EQ(matrix.rows(), kRows);
  const std::vector<std::vector<double>> models{
      {0, 0, 0, 0}, {1, 2, 3, 4}, {-1, -2, -16, -0.5}, {16, -16, 0, -std::ldexp(1.0, -16)}};
  for (const auto& w : models)
    for (const double intercept : {0.0, 12.5, -1000.25, std::ldexp(1.0, 14)}) {
      const auto got = decrypted(parties.server.dot(matrix, w, kWeights, intercept));
      for (std::size_t r = 0; r < kRows; ++r) {
        double expected = intercept;  // exact: all terms are multiples of 2^-36 below 2^17
        for (std::size_t c = 0; c < kColumns; ++c) expected += w[c] * x[r * kColumns + c];
        EXPECT_EQ(got[r], expected) << r;
      }
    }
}

TEST_P(PaillierOperations, RerandomizedCiphertextsDifferAndHoldTheSame) {
  const auto x = edge_values(8, kValues, 5);
  const auto a = encrypted(x);
  const PublicNoise noise(parties.key.public_key());
  const auto b = parties.server.rerandomize(a, noise, parties.prng);
  const auto c = parties.server.rerandomize(a, noise, parties.prng);
  EXPECT_EQ(decrypted(b), x);
  EXPECT_EQ(decrypted(c), x);
  for (std::size_t i = 0; i < a.ciphertexts(); ++i) {
    EXPECT_FALSE(std::ranges::equal(a.ciphertext(i), b.ciphertext(i)));
    EXPECT_FALSE(std::ranges::equal(c.ciphertext(i), b.ciphertext(i)));
  }
}

TEST(PaillierEncryption, EqualForAnyThreadsAndBothNoiseSources) {
  const auto x = edge_values(7, kValues, 6);
  std::vector<std::vector<std::uint64_t>> results;
  for (const int threads : {1, 2, 5}) {
    TestParties parties(9, threads);
    const auto a = parties.encryptor.encrypt(x, kValues, parties.single(), parties.prng);
    results.emplace_back(a.residues().begin(), a.residues().end());
  }
  TestParties third_party(9);
  const PublicNoise noise(third_party.key.public_key());
  const auto a =
      Encryptor(noise, third_party.pool).encrypt(x, kValues, third_party.single(), third_party.prng);
  results.emplace_back(a.residues().begin(), a.residues().end());
  for (const auto& result : results) EXPECT_EQ(result, results.front());
  const auto again = third_party.encryptor.encrypt(x, kValues, third_party.single(), third_party.prng);
  EXPECT_FALSE(std::ranges::equal(again.residues(), results.front()));
}

TEST(PaillierVector, ElementwiseProductsAndTotals) {
  TestParties parties;
  const auto x = edge_values(11, kValues, 7);
  const auto w = edge_values(11, kWeights, 8);
  const auto a = parties.encryptor.encrypt(x, kValues, parties.single(), parties.prng);
  const auto product = parties.server.multiply(a, w, kWeights);
  const auto got = parties.decryptor.decrypt(product).to_doubles();
  double total = 0, weighted = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(got[i], x[i] * w[i]);
    total += x[i];
    weighted += x[i] * w[i];
  }
  EXPECT_EQ(parties.decryptor.decrypt(parties.server.sum(a)).to_doubles(), std::vector{total});
  const auto sum = parties.server.sum(product);
  EXPECT_EQ(parties.decryptor.decrypt(sum).to_doubles(), std::vector{weighted});
  EXPECT_EQ(sum.format().bound, product.format().bound * BigInteger(11));
  const auto dot = parties.server.dot(a, w, kWeights);
  EXPECT_EQ(parties.decryptor.decrypt(dot).to_doubles(), std::vector{weighted});
  EXPECT_EQ(dot.format().bound, sum.format().bound);
}

TEST(PaillierVector, SumsOfPackedVectorsAreOnePerSlot) {
  TestParties parties;
  const Packing packing = Packing::plan_sums(parties.bits(), kValues.bound(), 3);
  const std::size_t slots = packing.slots, size = 2 * slots + 5;
  const auto x = edge_values(size, kValues, 9);
  const auto sum = parties.server.sum(parties.encryptor.encrypt(x, kValues, packing, parties.prng));
  EXPECT_EQ(sum.format().bound, kValues.bound() * BigInteger(3));
  const auto got = parties.decryptor.decrypt(sum).to_doubles();
  ASSERT_EQ(got.size(), slots);
  for (std::size_t s = 0; s < slots; ++s) {
    double expected = 0;
    for (std::size_t i = s; i < size; i += slots) expected += x[i];
    EXPECT_EQ(got[s], expected) << s;
  }
  const auto one_more = edge_values(3 * slots + 1, kValues, 10);  // four ciphertexts: 4 2^30 do not fit
  EXPECT_THROW(parties.server.sum(parties.encryptor.encrypt(one_more, kValues, packing, parties.prng)),
               PrecisionError);
}

TEST(PaillierVector, RefusesOverflowBeforeItHappens) {
  TestParties parties;
  const double x[] = {1024.0, -1024.0};
  const Packing exact = Packing::plan(parties.bits(), kValues.bound());
  const auto a = parties.encryptor.encrypt(x, kValues, exact, parties.prng);
  EXPECT_EQ(a.format().packing.capacity(), BigInteger::power_of_two(31) - BigInteger(1));
  EXPECT_THROW(parties.server.add(a, a), PrecisionError);  // 2^31 is one more than the slots hold
  EXPECT_THROW(parties.server.subtract(a, a), PrecisionError);
  EXPECT_THROW(parties.server.add_clear(a, x, 10), PrecisionError);
  EXPECT_NO_THROW(parties.server.add_clear(a, std::vector<double>{1, -1}, 0));
  EXPECT_THROW(parties.server.multiply(a, 1.0, FixedPoint{1, 0}), PrecisionError);
  EXPECT_NO_THROW(parties.server.multiply(a, 1.0, FixedPoint{0, 0}));
  EXPECT_THROW(parties.encryptor.encrypt(x, kValues, Packing{8, 30}, parties.prng), PrecisionError);
  const auto b = parties.encryptor.encrypt(x, kValues, parties.single(), parties.prng);
  EncryptedVector grown = b.clone();
  for (int i = 0; i < 32; ++i) grown = parties.server.multiply(grown, -1.0, FixedPoint{1, 61});
  EXPECT_EQ(grown.format().bound.bit_length(), 2015u);  // 30 + 32 * 62 bits and the leading one
  EXPECT_EQ(parties.decryptor.decrypt(grown).to_doubles(), (std::vector<double>{1024.0, -1024.0}));
  EXPECT_THROW(parties.server.multiply(grown, -1.0, FixedPoint{1, 61}), PrecisionError);
}

TEST(PaillierVector, HoldsFullSlotsOfEitherSign) {
  TestParties parties;
  const Packing packing{21, 97};
  const Int128 most = (Int128{1} << 96) - 1;
  std::vector<Int128> values(43);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 3 == 0 ? most : i % 3 == 1 ? -most : -1;
  const auto a = parties.encryptor.encrypt_integers(values, 0, packing.capacity(), packing, parties.prng);
  const auto got = parties.decryptor.decrypt(a).integers;
  const auto negated = parties.decryptor.decrypt(parties.server.negate(a)).integers;
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(got[i], to_big_integer(values[i]));
    EXPECT_EQ(negated[i], to_big_integer(-values[i]));
  }
}

TEST(PaillierVector, RefusesWhatDoesNotBelongTogether) {
  TestParties parties;
  const std::vector<double> two{1, 2}, three{1, 2, 3};
  const Packing packed = Packing::plan(parties.bits(), BigInteger::power_of_two(60));
  const auto a = parties.encryptor.encrypt(two, kValues, parties.single(), parties.prng);
  const auto longer = parties.encryptor.encrypt(three, kValues, parties.single(), parties.prng);
  const auto finer = parties.encryptor.encrypt(two, FixedPoint{21, 10}, parties.single(), parties.prng);
  const auto in_slots = parties.encryptor.encrypt(two, kValues, packed, parties.prng);
  EXPECT_THROW(parties.server.add(a, longer), MismatchError);
  EXPECT_THROW(parties.server.add(a, finer), MismatchError);
  EXPECT_THROW(parties.server.add(a, in_slots), MismatchError);
  EXPECT_THROW(parties.server.multiply(a, three, kWeights), MismatchError);
  EXPECT_THROW(parties.server.add_clear(a, three, 4), MismatchError);
  EXPECT_THROW(parties.server.multiply(in_slots, two, kWeights), ParametersError);
  EXPECT_THROW(parties.server.dot(in_slots, two, kWeights), ParametersError);
  EXPECT_THROW(parties.server.dot(a, three, kWeights), MismatchError);
  EXPECT_THROW(parties.server.multiply(a, std::nan(""), kWeights), ParametersError);
  EXPECT_THROW(parties.server.multiply(a, 17.0, kWeights), ParametersError);
  EXPECT_THROW(parties.server.dot(EncryptedMatrix{}, {}, kWeights, 0), MismatchError);
  EXPECT_THROW(parties.encryptor.encrypt({}, kValues, packed, parties.prng), ParametersError);
  EXPECT_THROW(parties.encryptor.encrypt_matrix(three, 2, kValues, packed, parties.prng), ParametersError);
  for (const Int128 beyond : {(Int128{1} << 126) + 1, -(Int128{1} << 126) - 1})
    EXPECT_THROW(parties.encryptor.encrypt_integers({&beyond, 1}, 0, BigInteger::power_of_two(126),
                                                    parties.single(), parties.prng),
                 ParametersError);
  const Int128 wide[] = {5};
  EXPECT_THROW(parties.encryptor.encrypt_integers(wide, 0, BigInteger(4), packed, parties.prng),
               ParametersError);

  EncryptedMatrix matrix;
  matrix.columns.push_back(a.clone());
  const double weight[] = {1.0};
  // One product of bounds is 2^50 of 2^-36: an intercept of 2^14.
  EXPECT_NO_THROW(parties.server.dot(matrix, weight, kWeights, 16384.0));
  EXPECT_THROW(parties.server.dot(matrix, weight, kWeights, 16385.0), ParametersError);
}

TEST(PaillierVector, RefusesInvalidCiphertextsByName) {
  TestParties parties;
  const PublicKey& key = parties.key.public_key();
  const BigInteger p = known_integer(known_answers()["p"]);
  const auto message = [&](const BigInteger& c) {
    std::vector<BigInteger> ciphertexts;
    ciphertexts.push_back(BigInteger(1));
    ciphertexts.push_back(c.clone());
    try {
      EncryptedVector::from_integers(key, {2, 0, parties.single(), BigInteger(1)}, ciphertexts);
    } catch (const ParametersError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_EQ(message(BigInteger(0)), "ciphertext 1 is zero");
  EXPECT_EQ(message(BigInteger(-1)), "ciphertext 1 is negative");
  EXPECT_EQ(message(key.n_squared()), "ciphertext 1 is not below n^2");
  EXPECT_EQ(message(BigInteger::power_of_two(100000)), "ciphertext 1 is not below n^2");
  for (const std::int64_t k : {1, 2, 3, 1000}) {
    EXPECT_EQ(message(key.n() * BigInteger(k)), "ciphertext 1 shares a factor with n");
    EXPECT_EQ(message(p * BigInteger(k)), "ciphertext 1 shares a factor with n");
  }
  EXPECT_EQ(message(key.n_squared() - BigInteger(1)), "");
  EXPECT_EQ(message(key.n() + BigInteger(1)), "");
  EXPECT_THROW(
      EncryptedVector::create(key, {1, 0, parties.single(), BigInteger(1)}, Buffer<std::uint64_t>(3)),
      ParametersError);
  EXPECT_THROW(EncryptedVector::create(key, {1, -1, parties.single(), BigInteger(1)},
                                       Buffer<std::uint64_t>(key.ciphertext_limbs())),
               ParametersError);
}

TEST(PaillierDecryption, RefusesValuesOutsideOfTheirBound) {
  TestParties parties;
  const PublicKey& key = parties.key.public_key();
  const double x[] = {3.0};
  const Packing packing = Packing::plan(parties.bits(), BigInteger::power_of_two(40));
  const auto a = parties.encryptor.encrypt(x, FixedPoint{0, 2}, packing, parties.prng);
  const auto as = [&](VectorFormat format) {
    return EncryptedVector::create(key, std::move(format), Buffer<std::uint64_t>::copy_of(a.residues()));
  };
  EXPECT_EQ(parties.decryptor.decrypt(as({1, 0, packing, BigInteger(3)})).integers.front(), BigInteger(3));
  EXPECT_THROW(parties.decryptor.decrypt(as({1, 0, packing, BigInteger(2)})), DecodeError);
  // Read with narrower slots, the value spills into one that should be empty.
  EXPECT_THROW(parties.decryptor.decrypt(as({1, 0, Packing{5, 2}, BigInteger(1)})), DecodeError);
}

}  // namespace
}  // namespace cloister::paillier
