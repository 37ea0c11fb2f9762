#include "cloister/paillier/encrypted_sums.h"

#include <cmath>
#include <random>

#include "cloister/paillier/testing/test_parties.h"

namespace cloister::paillier {
namespace {

constexpr SumsPlan kPlan{.features = 3, .format = {24, 6}, .max_rows = 1000};

struct Table {
  std::vector<double> x, y;
};

Table random_table(std::size_t rows, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform(-64, 64);
  Table out;
  for (std::size_t i = 0; i < 3 * rows; ++i) out.x.push_back(uniform(generator));
  for (std::size_t i = 0; i < rows; ++i) out.y.push_back(uniform(generator));
  out.x[0] = 64;
  out.y[0] = -64;
  return out;
}

/// Sums of products of the rounded values in big integers, column by column: the plain definition.
BigInteger expected_moment(std::span<const Table> tables, std::size_t i, std::size_t j) {
  const auto cell = [](const Table& t, std::size_t row, std::size_t column) {
    const double value = column == 0 ? 1.0 : column == 4 ? t.y[row] : t.x[3 * row + column - 1];
    return BigInteger(std::llrint(std::ldexp(value, kPlan.format.fraction_bits)));
  };
  BigInteger sum;
  for (const Table& t : tables)
    for (std::size_t row = 0; row < t.y.size(); ++row) sum = sum + cell(t, row, i) * cell(t, row, j);
  return sum;
}

EncryptedSums contribution(const SumsPlan& plan, const Table& table, const Encryptor& encryptor, Prng& prng) {
  MomentAccumulator sums(plan);
  const std::size_t half = table.y.size() / 2;  // in two blocks
  sums.add_rows(std::span(table.x).first(3 * half), std::span(table.y).first(half));
  sums.add_rows(std::span(table.x).subspan(3 * half), std::span(table.y).subspan(half));
  return encrypt_sums(sums, encryptor, prng);
}

TEST(PaillierSums, OfSeveralOwnersAreExact) {
  TestParties parties;
  const PublicNoise noise(parties.key.public_key());
  const Encryptor other_owner(noise, parties.pool);
  const std::vector<Table> tables{random_table(41, 1), random_table(30, 2), random_table(1, 3)};
  EncryptedSums total = contribution(kPlan, tables[0], parties.encryptor, parties.prng);
  for (std::size_t i = 1; i < tables.size(); ++i)
    total = add(parties.server, total, contribution(kPlan, tables[i], other_owner, parties.prng));
  EXPECT_EQ(total.rows, 72u);
  EXPECT_LE(total.moments.ciphertexts(), 1u);  // 15 sums of 72 bits in a plaintext of 2047

  const DecryptedSums sums = parties.decryptor.decrypt(total);
  for (std::size_t i = 0; i < 5; ++i)
    for (std::size_t j = 0; j < 5; ++j) {
      EXPECT_EQ(sums.moment(i, j), expected_moment(tables, i, j)) << i << "," << j;
      EXPECT_EQ(sums.value(i, j), std::ldexp(sums.moment(i, j).to_long_double(), -48));
    }
  EXPECT_EQ(sums.value(0, 0), 72.0L);
}

TEST(PaillierSums, HoldTheLargestSumsOfTheirPlan) {
  TestParties parties;
  const SumsPlan plan{.features = 1, .format = {30, 30}, .max_rows = 60};
  const double most = std::ldexp(1.0, 30);
  MomentAccumulator sums(plan);
  sums.add_rows(std::vector<double>(60, most), std::vector<double>(60, -most));
  const auto decrypted = parties.decryptor.decrypt(encrypt_sums(sums, parties.encryptor, parties.prng));
  EXPECT_EQ(decrypted.moment(1, 1), plan.bound(60));
  EXPECT_EQ(decrypted.moment(2, 1), -plan.bound(60));
  EXPECT_EQ(decrypted.moment(0, 2), -(BigInteger(60) << 90));
}

TEST(PaillierSums, RefuseWhatTheirPlanDoesNotHold) {
  EXPECT_THROW((SumsPlan{1, {30, 30}, 65}.validate()), PrecisionError);  // 65 * 2^120 > 2^126
  EXPECT_NO_THROW((SumsPlan{1, {30, 30}, 64}.validate()));
  EXPECT_THROW((SumsPlan{0, {10, 10}, 5}.validate()), ParametersError);
  EXPECT_THROW((SumsPlan{1, {10, 10}, 0}.validate()), ParametersError);
  EXPECT_THROW((SumsPlan{kMaxSumsFeatures + 1, {10, 10}, 5}.validate()), ParametersError);

  TestParties parties;
  const SumsPlan small{.features = 1, .format = {10, 4}, .max_rows = 3};
  MomentAccumulator sums(small);
  EXPECT_THROW(encrypt_sums(sums, parties.encryptor, parties.prng), ParametersError);
  const std::vector<double> two{1, 2}, four{1, 2, 3, 4}, beyond{1, 16.5};
  EXPECT_THROW(sums.add_rows(two, four), ParametersError);
  EXPECT_THROW(sums.add_rows(four, four), PrecisionError);
  EXPECT_THROW(sums.add_rows(beyond, two), ParametersError);
  EXPECT_THROW(sums.add_rows(two, std::vector<double>{1, std::nan("")}), ParametersError);
  EXPECT_EQ(sums.rows(), 0u);
  for (const Int128 moment : sums.moments()) EXPECT_EQ(moment, 0);
  sums.add_rows(two, two);
  EXPECT_THROW(sums.add_rows(two, two), PrecisionError);
  const auto a = encrypt_sums(sums, parties.encryptor, parties.prng);
  EXPECT_THROW(add(parties.server, a, a), PrecisionError);

  SumsPlan other = small;
  other.max_rows = 4;
  MomentAccumulator sums_of_other(other);
  sums_of_other.add_rows(two, two);
  const auto b = encrypt_sums(sums_of_other, parties.encryptor, parties.prng);
  EXPECT_THROW(add(parties.server, a, b), MismatchError);
}

TEST(PaillierSums, ReportAMissingContribution) {
  TestParties parties;
  const Table table = random_table(4, 5);
  EncryptedSums sums = contribution(kPlan, table, parties.encryptor, parties.prng);
  sums.rows = 5;
  EXPECT_THROW(parties.decryptor.decrypt(sums), DecodeError);
}

}  // namespace
}  // namespace cloister::paillier
