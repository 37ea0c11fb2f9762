// Many values through encryption, sums, products and decryption, each compared exactly.
#include <random>

#include "cloister/paillier/testing/test_parties.h"

namespace cloister::paillier {
namespace {

constexpr FixedPoint kValues{12, 8};
constexpr FixedPoint kWeights{4, 3};

/// Uniform values of the format, its edges first.
std::vector<double> values(std::size_t count, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<std::int32_t> uniform(-(1 << 20), 1 << 20);
  std::vector<double> out{-256, 256, 0, 1.0 / 4096, -1.0 / 4096};
  while (out.size() < count) out.push_back(uniform(generator) / 4096.0);
  out.resize(count);
  return out;
}

/// weight x + y, in ciphertexts.
void round_trip(TestParties& parties, std::size_t count, const Packing& packing, double weight) {
  const auto x = values(count, 1), y = values(count, 2);
  const FixedPoint product{kValues.fraction_bits + kWeights.fraction_bits, kValues.integer_bits};
  const auto a = parties.encryptor.encrypt(x, kValues, packing, parties.prng);
  const auto b = parties.encryptor.encrypt(y, product, packing, parties.prng);
  const auto sum = parties.server.add(parties.server.multiply(a, weight, kWeights), b);
  EXPECT_EQ(parties.decryptor.decrypt(a).to_doubles(), x);
  const auto got = parties.decryptor.decrypt(sum).to_doubles();
  ASSERT_EQ(got.size(), count);
  for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(got[i], weight * x[i] + y[i]) << i;
}

TEST(PaillierRoundTrip, ThousandsOfValuesPackedAndHundredsAlone) {
  TestParties parties;
  const Packing packed = Packing::plan(parties.bits(), BigInteger::power_of_two(28));
  EXPECT_EQ(packed.slots, 68u);
  for (const double weight : {-7.9375, 0.0}) round_trip(parties, 3000, packed, weight);
  round_trip(parties, 100, parties.single(), -3.5);
}

// About 25 s on two threads with kernels for squares, some minutes without.
TEST(SlowPaillierRoundTrip, AMillionValues) {
  TestParties parties;
  round_trip(parties, 1'000'000, Packing::plan(parties.bits(), BigInteger::power_of_two(28)), -7.9375);
}

}  // namespace
}  // namespace cloister::paillier
