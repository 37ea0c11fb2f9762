#include "cloister/paillier/encrypted_sums.h"

#include <cmath>
#include <random>

#include "cloister/paillier/testing/test_parties.h"

namespace cloister::paillier {
namespace {

constexpr SumsPlan kPlan{.columns = 4, .format = {24, 6}, .max_rows = 1000, .bins = 3};

/// Rows of four values, and the bin of each.
struct Table {
  std::vector<double> values;
  std::vector<std::uint32_t> bins;

  std::size_t rows() const { return values.size() / 4; }
};

Table random_table(std::size_t rows, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform(-64, 64);
  Table out;
  for (std::size_t i = 0; i < 4 * rows; ++i) {
    out.values.push_back(uniform(generator));
    out.bins.push_back(generator() % 3);
  }
  out.values[0] = 64;
  out.values[3] = -64;
  return out;
}

/// Sums of products of the rounded values in big integers, column by column: the plain definition.
BigInteger expected_moment(std::span<const Table> tables, std::size_t i, std::size_t j) {
  const auto cell = [](const Table& t, std::size_t row, std::size_t variable) {
    const double value = variable == 0 ? 1.0 : t.values[4 * row + variable - 1];
    return BigInteger(std::llrint(std::ldexp(value, kPlan.format.fraction_bits)));
  };
  BigInteger sum;
  for (const Table& t : tables)
    for (std::size_t row = 0; row < t.rows(); ++row) sum = sum + cell(t, row, i) * cell(t, row, j);
  return sum;
}

std::uint64_t expected_count(std::span<const Table> tables, std::size_t column, std::uint32_t bin) {
  std::uint64_t count = 0;
  for (const Table& t : tables)
    for (std::size_t row = 0; row < t.rows(); ++row) count += t.bins[4 * row + column] == bin ? 1 : 0;
  return count;
}

EncryptedSums contribution(const SumsPlan& plan, const Table& table, const Encryptor& encryptor, Prng& prng) {
  SumsAccumulator sums(plan);
  const std::size_t half = table.rows() / 2 * 4;  // in two blocks
  sums.add_rows(std::span(table.values).first(half), std::span(table.bins).first(half));
  sums.add_rows(std::span(table.values).subspan(half), std::span(table.bins).subspan(half));
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
  EXPECT_EQ(total.moments.ciphertexts(), 1u);  // 15 sums of 72 bits in a plaintext of 2047
  EXPECT_EQ(total.counts->ciphertexts(), 1u);  // 12 counts of 11 bits

  const DecryptedSums sums = parties.decryptor.decrypt(total);
  for (std::size_t i = 0; i < 5; ++i)
    for (std::size_t j = 0; j < 5; ++j) {
      EXPECT_EQ(sums.moment(i, j), expected_moment(tables, i, j)) << i << "," << j;
      EXPECT_EQ(sums.value(i, j), std::ldexp(sums.moment(i, j).to_long_double(), -48));
    }
  EXPECT_EQ(sums.value(0, 0), 72.0L);
  for (std::size_t column = 0; column < 4; ++column)
    for (std::uint32_t bin = 0; bin < 3; ++bin)
      EXPECT_EQ(sums.counts[3 * column + bin], expected_count(tables, column, bin)) << column << "," << bin;
}

TEST(PaillierSums, HoldTheLargestSumsOfTheirPlan) {
  TestParties parties;
  const SumsPlan plan{.columns = 2, .format = {30, 30}, .max_rows = 60, .bins = 1};
  const double most = std::ldexp(1.0, 30);
  SumsAccumulator sums(plan);
  std::vector<double> rows;
  for (int r = 0; r < 60; ++r) rows.insert(rows.end(), {most, -most});
  sums.add_rows(rows, std::vector<std::uint32_t>(120, 0));
  const auto decrypted = parties.decryptor.decrypt(encrypt_sums(sums, parties.encryptor, parties.prng));
  EXPECT_EQ(decrypted.moment(1, 1), plan.bound(60));
  EXPECT_EQ(decrypted.moment(2, 1), -plan.bound(60));
  EXPECT_EQ(decrypted.moment(0, 2), -(BigInteger(60) << 90));
  EXPECT_EQ(decrypted.counts, (std::vector<std::uint64_t>{60, 60}));
}

TEST(PaillierSums, FillTheirSlotsWithCountsOfAllPlannedRows) {
  TestParties parties;
  const SumsPlan plan{.columns = 200, .format = {1, 1}, .max_rows = 1023, .bins = 1};
  const Packing packing = plan.counts_packing(parties.bits());
  EXPECT_EQ(packing.capacity(), BigInteger(1023));  // each slot is used to its last value
  SumsAccumulator sums(plan);
  for (int r = 0; r < 1023; ++r)
    sums.add_rows(std::vector<double>(200, 1), std::vector<std::uint32_t>(200, 0));
  const auto encrypted = encrypt_sums(sums, parties.encryptor, parties.prng);
  EXPECT_EQ(encrypted.counts->ciphertexts(), 2u);  // 186 slots
  EXPECT_EQ(parties.decryptor.decrypt(encrypted).counts, std::vector<std::uint64_t>(200, 1023));
}

TEST(PaillierSums, RefuseWhatTheirPlanDoesNotHold) {
  EXPECT_THROW((SumsPlan{1, {30, 30}, 65}.validate()), PrecisionError);  // 65 * 2^120 > 2^126
  EXPECT_NO_THROW((SumsPlan{1, {30, 30}, 64}.validate()));
  EXPECT_THROW((SumsPlan{0, {10, 10}, 5}.validate()), ParametersError);
  EXPECT_THROW((SumsPlan{1, {10, 10}, 0}.validate()), ParametersError);
  EXPECT_THROW((SumsPlan{kMaxSumsColumns + 1, {10, 10}, 5}.validate()), ParametersError);
  EXPECT_THROW((SumsPlan{1, {10, 10}, 5, kMaxSumsBins + 1}.validate()), ParametersError);

  TestParties parties;
  const SumsPlan small{.columns = 2, .format = {10, 4}, .max_rows = 3};
  SumsAccumulator sums(small);
  EXPECT_THROW(encrypt_sums(sums, parties.encryptor, parties.prng), ParametersError);
  const std::vector<double> two{1, 1, 2, 2}, four{1, 1, 2, 2, 3, 3, 4, 4}, beyond{1, 1, 16.5, 2},
      odd{1, 2, 3};
  EXPECT_THROW(sums.add_rows(odd), ParametersError);
  EXPECT_THROW(sums.add_rows(four), PrecisionError);
  EXPECT_THROW(sums.add_rows(beyond), ParametersError);
  EXPECT_THROW(sums.add_rows(std::vector<double>{1, 1, 2, std::nan("")}), ParametersError);
  EXPECT_THROW(sums.add_rows(two, std::vector<std::uint32_t>(4, 0)), ParametersError);  // no histograms
  EXPECT_EQ(sums.rows(), 0u);
  for (const Int128 moment : sums.moments()) EXPECT_EQ(moment, 0);
  sums.add_rows(two);
  EXPECT_THROW(sums.add_rows(two), PrecisionError);
  const auto a = encrypt_sums(sums, parties.encryptor, parties.prng);
  EXPECT_THROW(add(parties.server, a, a), PrecisionError);

  SumsPlan other = small;
  other.max_rows = 4;
  SumsAccumulator sums_of_other(other);
  sums_of_other.add_rows(two);
  const auto b = encrypt_sums(sums_of_other, parties.encryptor, parties.prng);
  EXPECT_THROW(add(parties.server, a, b), MismatchError);

  other.bins = 2;
  SumsAccumulator counted(other);
  EXPECT_THROW(counted.add_rows(two), ParametersError);  // bins are due
  EXPECT_THROW(counted.add_rows(two, std::vector<std::uint32_t>{0, 1, 2, 0}), ParametersError);
  EXPECT_EQ(counted.rows(), 0u);
  for (const Int128 count : counted.counts()) EXPECT_EQ(count, 0);
}

TEST(PaillierSums, ReportAMissingContribution) {
  TestParties parties;
  EncryptedSums sums = contribution(kPlan, random_table(4, 5), parties.encryptor, parties.prng);
  sums.rows = 5;
  EXPECT_THROW(parties.decryptor.decrypt(sums), DecodeError);
}

TEST(PaillierSums, ReportCountsThatAreNotOfTheRows) {
  TestParties parties;
  const auto sums = contribution(kPlan, random_table(4, 6), parties.encryptor, parties.prng);
  const auto with_counts = [&](std::vector<Int128> counts) {
    return EncryptedSums{kPlan, 4, sums.moments.clone(),
                         parties.encryptor.encrypt_integers(
                             counts, 0, BigInteger(4), kPlan.counts_packing(parties.bits()), parties.prng)};
  };
  EXPECT_NO_THROW(parties.decryptor.decrypt(with_counts({4, 0, 0, 1, 1, 2, 0, 4, 0, 2, 2, 0})));
  EXPECT_THROW(parties.decryptor.decrypt(with_counts({4, 0, 0, 1, 1, 2, 0, 3, 0, 2, 2, 0})), DecodeError);
  EXPECT_THROW(parties.decryptor.decrypt(with_counts({4, 1, -1, 1, 1, 2, 0, 4, 0, 2, 2, 0})), DecodeError);
  EXPECT_THROW(parties.decryptor.decrypt(EncryptedSums{kPlan, 4, sums.moments.clone(), std::nullopt}),
               DecodeError);
}

TEST(PaillierSums, AreTheSameAfterRerandomizing) {
  TestParties parties;
  const PublicNoise noise(parties.key.public_key());
  const auto sums = contribution(kPlan, random_table(9, 7), parties.encryptor, parties.prng);
  const auto fresh = rerandomize(parties.server, sums, noise, parties.prng);
  EXPECT_FALSE(std::ranges::equal(fresh.moments.residues(), sums.moments.residues()));
  EXPECT_FALSE(std::ranges::equal(fresh.counts->residues(), sums.counts->residues()));
  const auto a = parties.decryptor.decrypt(sums), b = parties.decryptor.decrypt(fresh);
  EXPECT_EQ(a.moments.integers, b.moments.integers);
  EXPECT_EQ(a.counts, b.counts);
}

}  // namespace
}  // namespace cloister::paillier
