#include "cloister/paillier/slot_operations.h"

#include <random>

#include "cloister/paillier/testing/test_parties.h"

namespace cloister::paillier {
namespace {

/// Slots of 12 bits hold values up to 2047 in magnitude.
constexpr Packing kSlots{20, 12};

std::vector<Int128> integers(std::size_t count, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> any(-2047, 2047);
  std::vector<Int128> out{2047, -2047, 0, -1};  // the edges first
  while (out.size() < count) out.push_back(any(generator));
  out.resize(count);
  return out;
}

class PaillierSlots : public testing::Test {
 protected:
  EncryptedVector encrypted(std::span<const Int128> values, const Packing& packing) {
    return parties.encryptor.encrypt_integers(values, 3, BigInteger(2047), packing, parties.prng);
  }
  void expect_values(const EncryptedVector& vector, std::span<const Int128> expected) {
    EXPECT_EQ(vector.format().fraction_bits, 3);
    EXPECT_EQ(vector.format().bound, BigInteger(2047));
    const auto got = parties.decryptor.decrypt(vector).integers;
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(got[i], to_big_integer(expected[i])) << i;
  }

  TestParties parties;
};

TEST_F(PaillierSlots, SingleValuesArePackedByShiftingAndAdding) {
  for (const std::size_t count : {1u, 19u, 20u, 21u, 47u}) {
    const auto x = integers(count, 1);
    const auto packed = pack(parties.server, encrypted(x, parties.single()), kSlots);
    EXPECT_EQ(packed.format().packing, kSlots);
    EXPECT_EQ(packed.ciphertexts(), (count + 19) / 20);
    expect_values(packed, x);
  }
}

TEST_F(PaillierSlots, PackedValuesGoOnAsAnyOthers) {
  const auto x = integers(9, 2), y = integers(9, 3);
  const auto bound = BigInteger(2047);
  const Packing wide = Packing::plan_sums(parties.bits(), bound, 2);
  const auto a = pack(parties.server, encrypted(x, parties.single()), wide), b = encrypted(y, wide);
  const auto got = parties.decryptor.decrypt(parties.server.subtract(a, b)).integers;
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(got[i], to_big_integer(x[i] - y[i]));
}

TEST_F(PaillierSlots, SlotsOfOneWidthArePackedDenser) {
  const auto x = integers(18, 4);
  expect_values(pack(parties.server, encrypted(x, {5, 12}), kSlots), x);  // 5, 5, 5 and 3 of 20
}

TEST_F(PaillierSlots, VectorsAreConcatenated) {
  const auto x = integers(20, 5), y = integers(7, 6), z = integers(4, 7);
  std::vector<EncryptedVector> parts;
  parts.push_back(encrypted(x, kSlots));
  parts.push_back(encrypted(y, kSlots));
  parts.push_back(encrypted(z, parties.single()));
  std::vector<Int128> all(x);
  all.insert(all.end(), y.begin(), y.end());
  all.insert(all.end(), z.begin(), z.end());
  const auto joined = concatenate(parties.server, parts, kSlots);
  EXPECT_EQ(joined.ciphertexts(), 2u);
  expect_values(joined, all);
}

TEST_F(PaillierSlots, ShiftsLeaveZerosBelow) {
  const auto x = integers(6, 8);
  const auto a = encrypted(x, kSlots);
  for (const std::uint32_t slots : {0u, 1u, 14u}) {
    std::vector<Int128> expected(slots, 0);
    expected.insert(expected.end(), x.begin(), x.end());
    expect_values(shift(parties.server, a, slots), expected);
  }
  EXPECT_THROW(shift(parties.server, a, 15), ParametersError);
  EXPECT_THROW(shift(parties.server, encrypted(integers(21, 9), kSlots), 1), ParametersError);
}

TEST_F(PaillierSlots, RefuseWhatCannotBePacked) {
  const auto a = encrypted(integers(6, 10), parties.single());
  EXPECT_THROW(pack(parties.server, a, {20, 11}), PrecisionError);   // 2047 is beyond 11 bits with a sign
  EXPECT_THROW(pack(parties.server, a, {200, 12}), PrecisionError);  // 2400 bits are beyond n
  EXPECT_THROW(concatenate(parties.server, {}, kSlots), ParametersError);
  const auto slots = encrypted(integers(6, 11), {6, 12});
  EXPECT_THROW(pack(parties.server, slots, {20, 13}), MismatchError);   // slots keep their width
  EXPECT_THROW(pack(parties.server, slots, {4, 12}), ParametersError);  // six values of one ciphertext
  std::vector<EncryptedVector> parts;
  parts.push_back(a.clone());
  parts.push_back(
      parties.encryptor.encrypt_integers(integers(2, 12), 4, BigInteger(2047), kSlots, parties.prng));
  EXPECT_THROW(concatenate(parties.server, parts, kSlots), MismatchError);  // other fraction bits
  const PublicKey& key = parties.key.public_key();
  const Evaluator stranger(PublicKey::create(key.n().clone(), (key.h() * key.h()).mod(key.n_squared())),
                           parties.pool);
  EXPECT_THROW(pack(stranger, a, kSlots), MismatchError);
  EXPECT_THROW(shift(stranger, slots, 1), MismatchError);
}

}  // namespace
}  // namespace cloister::paillier
