#include "cloister/wire/bfv_encoding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "cloister/base/error.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/wire/testing/tiny_bfv_parties.h"
#include "cloister/wire/testing/tiny_parties.h"

namespace cloister::wire {
namespace {

// Where a ciphertext's fields lie.
constexpr std::size_t kLevelAt = 32, kPartsAt = 36, kSeededAt = 38, kDegreeAt = 40, kDeviationAt = 44,
                      kSeedAt = 52;

class BfvCiphertextEncoding : public ::testing::Test {
 protected:
  TinyBfvParties owner;

  Bytes encode(const bfv::Ciphertext& c) { return encode_ciphertext(c, *owner.parameters, owner.pool); }
  bfv::Ciphertext decode(const Bytes& bytes) {
    return decode_ciphertext(bytes, *owner.parameters, owner.pool);
  }
  void expect_identity(const bfv::Ciphertext& c) {
    const Bytes bytes = encode(c);
    EXPECT_EQ(bytes.size(), kBfvCiphertextHeaderBytes +
                                rlwe::encoded_bytes_of_parts(owner.parameters->rlwe()->spec(), c.level(),
                                                             c.seed.has_value(), c.parts.size()));
    const auto back = decode(bytes);
    EXPECT_TRUE(same(back.parts, c.parts));
    EXPECT_EQ(back.noise, c.noise);
    ASSERT_EQ(back.seed.has_value(), c.seed.has_value());
    if (c.seed) {
      EXPECT_EQ(back.seed->bytes(), c.seed->bytes());
    }
    EXPECT_EQ(encode(back), bytes);
  }
};

TEST_F(BfvCiphertextEncoding, ComesBackBitExactAtEveryLevelAndForm) {
  expect_identity(owner.fresh());
  for (int level = 0; level <= 2; ++level) expect_identity(owner.unseeded(level));
  expect_identity(owner.three_parts());
}

TEST_F(BfvCiphertextEncoding, ASeedHalvesTheBytesAndAModulusSwitchMakesAThirdOfThem) {
  const std::size_t whole = encode(owner.unseeded(2)).size() - kBfvCiphertextHeaderBytes;
  EXPECT_EQ(2 * (encode(owner.fresh()).size() - kBfvCiphertextHeaderBytes - rlwe::kSeedBytes), whole);
  EXPECT_EQ(3 * (encode(owner.unseeded(0)).size() - kBfvCiphertextHeaderBytes), whole);
}

TEST_F(BfvCiphertextEncoding, DecryptsAfterTheRoundTrip) {
  const auto x = owner.values();
  const auto c = decode(encode(owner.evaluator.modulus_switch(owner.fresh(), 0)));
  EXPECT_EQ(owner.encoder.decode_coefficients(owner.decryptor.decrypt(c)), x);
}

TEST_F(BfvCiphertextEncoding, IsAppended) {
  const auto c = owner.fresh();
  Bytes out{9, 9};
  append_ciphertext(c, *owner.parameters, out, owner.pool);
  EXPECT_EQ(Bytes(out.begin() + 2, out.end()), encode(c));
}

TEST_F(BfvCiphertextEncoding, OnlyWhatOperationsMakeTravels) {
  const auto refused = [&](auto change) {
    auto c = owner.unseeded(1);
    change(c);
    EXPECT_THROW(encode(c), ParametersError);
  };
  refused([&](auto& c) { c.noise.log2_deviation = -1; });  // no budget is left
  refused([&](auto& c) { c.noise.log2_deviation = -100; });
  refused([&](auto& c) { c.noise.log2_deviation = std::nan(""); });
  refused([&](auto& c) { c.noise.log2_deviation = -std::numeric_limits<double>::infinity(); });
  refused([&](auto& c) { c.noise.secret_degree = -1; });
  refused([&](auto& c) { c.noise.secret_degree = bfv::kMaxSecretDegree + 1; });
  refused([&](auto& c) { c.parts.pop_back(); });
  refused([&](auto& c) { c.parts.back().keep_limbs(1); });
  refused([&](auto& c) { c.seed.emplace(Bytes32{1}); });  // of no part of it
  refused([&](auto& c) {
    while (c.parts.size() < 4) c.parts.push_back(c.parts[0].clone());
  });
}

TEST_F(BfvCiphertextEncoding, OtherParametersAreNamed) {
  const auto c = owner.fresh();
  TinyBfvParties ring(97, 3);
  EXPECT_THROW(encode_ciphertext(c, *ring.parameters, ring.pool), MismatchError);
  TinyBfvParties modulus(193);  // the same chain
  try {
    decode_ciphertext(encode(c), *modulus.parameters, modulus.pool);
    FAIL();
  } catch (const MismatchError& e) {
    EXPECT_EQ(e.left(), "parameters " + to_hex(owner.parameters->id()).substr(0, 12));
    EXPECT_EQ(e.right(), "parameters " + to_hex(modulus.parameters->id()).substr(0, 12));
  }
}

TEST_F(BfvCiphertextEncoding, EveryFieldIsBounded) {
  const Bytes good = encode(owner.unseeded(1));
  for (const std::uint32_t level : {0u, 2u, 3u, 0xffffffffu})
    EXPECT_THROW(decode(with_value(good, kLevelAt, level)), DecodeError) << level;
  for (const std::uint16_t parts : {0, 1, 3, 4, 0xffff})
    EXPECT_THROW(decode(with_value(good, kPartsAt, parts)), DecodeError) << parts;
  for (const std::uint16_t seeded : {1, 2, 0xffff})
    EXPECT_THROW(decode(with_value(good, kSeededAt, seeded)), DecodeError) << seeded;
  for (const std::uint32_t degree : {41u, 0xffffffffu})
    EXPECT_THROW(decode(with_value(good, kDegreeAt, degree)), DecodeError) << degree;
  for (const double bound : {-1.0, 0.0, -300.0, std::nan(""), std::numeric_limits<double>::infinity()})
    EXPECT_THROW(decode(with_value(good, kDeviationAt, bound)), DecodeError) << bound;
}

TEST_F(BfvCiphertextEncoding, ResiduesMustBeBelowTheirPrime) {
  auto c = owner.unseeded(2);
  for (std::size_t part = 0; part < 2; ++part)
    for (std::size_t limb = 0; limb < 3; ++limb) {
      std::uint64_t& residue = c.parts[part].limb(limb)[5];
      const std::uint64_t was = residue;
      residue = owner.parameters->ring()->modulus(limb).value();
      EXPECT_THROW(decode(encode(c)), DecodeError);
      residue = was;
    }
}

TEST_F(BfvCiphertextEncoding, NothingShorterOrLongerIsAccepted) {
  for (const Bytes& good : {encode(owner.fresh()), encode(owner.unseeded(2)), encode(owner.three_parts())}) {
    for (std::size_t size = 0; size < good.size(); ++size)
      ASSERT_THROW(decode(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))), DecodeError)
          << size;
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_THROW(decode(longer), DecodeError);
  }
}

TEST_F(BfvCiphertextEncoding, AChangedSeedIsAnotherCiphertext) {
  const auto c = owner.fresh();
  Bytes bytes = encode(c);
  bytes[kSeedAt] ^= 1;
  EXPECT_FALSE(same(decode(bytes).parts, c.parts));  // checksums, not this encoding, find such damage
}

// Where the fields of parameters lie.
constexpr std::size_t kModulusAt = 0, kLog2DegreeAt = 8, kDigitsAt = 12, kCountAt = 16, kPrimeAt = 20;

TEST(BfvParametersEncoding, ComesBackAndMakesTheSameParameters) {
  const auto spec = bfv::Parameters::default_spec(12, 65537);
  const Bytes bytes = encode_parameters(spec);
  const auto back = decode_parameters(bytes);
  EXPECT_EQ(back, spec);
  EXPECT_EQ(encode_parameters(back), bytes);
  EXPECT_EQ(bfv::Parameters::create(back, scalar_kernels())->id(),
            bfv::Parameters::create(spec, scalar_kernels())->id());
}

TEST(BfvParametersEncoding, EveryFieldIsBounded) {
  const Bytes good = encode_parameters(bfv::Parameters::default_spec(12, 65537));
  for (const std::uint64_t modulus : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 60})
    EXPECT_THROW(decode_parameters(with_value(good, kModulusAt, modulus)), DecodeError) << modulus;
  for (const std::uint32_t degree : {0u, 2u, 17u, 0xffffffffu})
    EXPECT_THROW(decode_parameters(with_value(good, kLog2DegreeAt, degree)), DecodeError) << degree;
  EXPECT_THROW(decode_parameters(good, 11), DecodeError);
  for (const std::uint32_t digits : {0u, 129u, 0xffffffffu})
    EXPECT_THROW(decode_parameters(with_value(good, kDigitsAt, digits)), DecodeError) << digits;
  for (const std::uint32_t count : {0u, 1u, 3u, 128u, 129u, 0xffffffffu})
    EXPECT_THROW(decode_parameters(with_value(good, kCountAt, count)), DecodeError) << count;
  for (const std::uint64_t prime : {std::uint64_t{0}, ~std::uint64_t{0}})
    EXPECT_THROW(decode_parameters(with_value(good, kPrimeAt, prime)), DecodeError) << prime;
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_THROW(decode_parameters(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))),
                 DecodeError);
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_THROW(decode_parameters(longer), DecodeError);
}

// What decodes is still checked where parameters are made.
TEST(BfvParametersEncoding, SecurityIsCheckedWhereTheyAreMade) {
  auto spec = bfv::Parameters::default_spec(12, 65537);
  spec.chain.log2_degree = 11;
  EXPECT_THROW(bfv::Parameters::create(decode_parameters(encode_parameters(spec)), scalar_kernels()),
               SecurityError);
}

}  // namespace
}  // namespace cloister::wire
