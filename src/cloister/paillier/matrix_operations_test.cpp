#include "cloister/paillier/matrix_operations.h"

#include <numeric>
#include <random>

#include "cloister/paillier/testing/test_parties.h"

namespace cloister::paillier {
namespace {

constexpr FixedPoint kWhole{0, 20};
constexpr std::size_t kRows = 7, kColumns = 3, kOutputs = 2;

std::vector<double> whole_numbers(std::size_t count, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> any(-1000, 1000);
  std::vector<double> out(count);
  for (double& v : out) v = any(generator);
  return out;
}

/// Matrices of whole numbers, one value a ciphertext or packed in four slots, against clear integers.
class PaillierMatrices : public testing::TestWithParam<bool> {
 protected:
  EncryptedMatrix encrypted(std::span<const double> values) {
    const Packing packing = GetParam() ? Packing{4, 60} : parties.single();
    return parties.encryptor.encrypt_matrix(values, kColumns, kWhole, packing, parties.prng);
  }
  /// Row-major.
  std::vector<double> decrypted(const EncryptedMatrix& matrix) {
    const auto columns = parties.decryptor.decrypt(matrix);
    std::vector<double> out;
    for (std::size_t r = 0; r < matrix.rows(); ++r)
      for (const DecryptedVector& column : columns) out.push_back(column.to_doubles()[r]);
    return out;
  }

  TestParties parties;
};

INSTANTIATE_TEST_SUITE_P(Forms, PaillierMatrices, testing::Bool(),
                         [](const auto& param) { return param.param ? "Packed" : "Single"; });

TEST_P(PaillierMatrices, AddAndSubtract) {
  const auto x = whole_numbers(kRows * kColumns, 1), y = whole_numbers(kRows * kColumns, 2);
  const auto a = encrypted(x), b = encrypted(y);
  const auto sum = decrypted(add(parties.server, a, b)),
             difference = decrypted(subtract(parties.server, a, b));
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(sum[i], x[i] + y[i]);
    EXPECT_EQ(difference[i], x[i] - y[i]);
  }
}

TEST_P(PaillierMatrices, MultiplyByAClearMatrix) {
  const auto x = whole_numbers(kRows * kColumns, 3), w = whole_numbers(kColumns * kOutputs, 4);
  const auto product = multiply(parties.server, encrypted(x), w, kOutputs, kWhole);
  const auto got = decrypted(product);
  ASSERT_EQ(got.size(), kRows * kOutputs);
  for (std::size_t r = 0; r < kRows; ++r)
    for (std::size_t o = 0; o < kOutputs; ++o) {
      double expected = 0;
      for (std::size_t c = 0; c < kColumns; ++c) expected += x[r * kColumns + c] * w[c * kOutputs + o];
      EXPECT_EQ(got[r * kOutputs + o], expected) << r << "," << o;
    }
  EXPECT_EQ(product.columns.front().format().bound, dot_bound(kWhole.bound(), kWhole, kColumns));
}

TEST_P(PaillierMatrices, SumOverEitherAxis) {
  const auto x = whole_numbers(kRows * kColumns, 5);
  const auto a = encrypted(x);
  const auto of_columns = parties.decryptor.decrypt(sum_of_columns(parties.server, a)).to_doubles();
  ASSERT_EQ(of_columns.size(), kRows);
  for (std::size_t r = 0; r < kRows; ++r)
    EXPECT_EQ(of_columns[r], x[r * kColumns] + x[r * kColumns + 1] + x[r * kColumns + 2]);
  const auto of_rows = sum_of_rows(parties.server, a);
  EXPECT_EQ(of_rows.rows(), GetParam() ? 4u : 1u);
  const auto columns = parties.decryptor.decrypt(of_rows);
  for (std::size_t c = 0; c < kColumns; ++c) {
    double expected = 0;
    for (std::size_t r = 0; r < kRows; ++r) expected += x[r * kColumns + c];
    const auto parts = columns[c].to_doubles();
    EXPECT_EQ(std::accumulate(parts.begin(), parts.end(), 0.0), expected);
  }
}

TEST_P(PaillierMatrices, RefuseShapesThatDoNotFit) {
  const auto a = encrypted(whole_numbers(kRows * kColumns, 6));
  EncryptedMatrix narrow;
  narrow.columns.push_back(a.columns[0].clone());
  EXPECT_THROW(add(parties.server, a, narrow), MismatchError);
  EXPECT_THROW(subtract(parties.server, narrow, a), MismatchError);
  EXPECT_THROW(multiply(parties.server, a, whole_numbers(5, 7), 2, kWhole), MismatchError);
  EXPECT_THROW(multiply(parties.server, a, {}, 0, kWhole), MismatchError);
  EXPECT_THROW(sum_of_columns(parties.server, {}), ParametersError);
}

TEST(PaillierMatrix, RefusesProductsThatCouldOverflow) {
  TestParties parties;
  const auto a =
      parties.encryptor.encrypt_matrix(whole_numbers(6, 8), 3, kWhole, Packing{4, 42}, parties.prng);
  // Bounds of 20 and 20 bits: 2^40 fits 42 bits with a sign, and four times that does not.
  EXPECT_THROW(multiply(parties.server, a, whole_numbers(3, 9), 1, kWhole), PrecisionError);
  EXPECT_NO_THROW(multiply(parties.server, a, std::vector<double>{1, -1, 1}, 1, FixedPoint{0, 1}));
}

}  // namespace
}  // namespace cloister::paillier
