#include "cloister/wire/ckks_encoding.h"

#include <gtest/gtest.h>

#include <limits>

#include "cloister/base/error.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/public_encryptor.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/wire/testing/tiny_parties.h"

namespace cloister::wire {
namespace {

// Where a ciphertext's fields lie.
constexpr std::size_t kLevelAt = 32, kPartsAt = 36, kSeededAt = 38, kScaleAt = 40, kMagnitudeAt = 48,
                      kErrorAt = 56, kSeedAt = 64;

class CiphertextEncoding : public ::testing::Test {
 protected:
  TinyParties owner;

  Bytes encode(const ckks::Ciphertext& c) { return encode_ciphertext(c, *owner.parameters, owner.pool); }
  ckks::Ciphertext decode(const Bytes& bytes) {
    return decode_ciphertext(bytes, *owner.parameters, owner.pool);
  }
  /// A ciphertext as it comes from an evaluation: no seed.
  ckks::Ciphertext unseeded(int level) {
    auto c = owner.encrypt(level);
    c.seed.reset();
    return c;
  }
  /// Three parts with a level's own scale: as if a product had been brought to it.
  ckks::Ciphertext three_parts(int level) {
    auto c = unseeded(level);
    c.parts.push_back(c.parts[0].clone());
    return c;
  }
  void expect_identity(const ckks::Ciphertext& c) {
    const Bytes bytes = encode(c);
    EXPECT_EQ(bytes.size(), rlwe::encoded_bytes_of_ciphertext(owner.rlwe().spec(), c.level(),
                                                              c.seed.has_value(), c.parts.size()));
    const auto back = decode(bytes);
    EXPECT_TRUE(same(back.parts, c.parts));
    EXPECT_EQ(back.scale, c.scale);
    EXPECT_EQ(back.bound.magnitude, c.bound.magnitude);
    EXPECT_EQ(back.bound.error, c.bound.error);
    ASSERT_EQ(back.seed.has_value(), c.seed.has_value());
    if (c.seed) {
      EXPECT_EQ(back.seed->bytes(), c.seed->bytes());
    }
    EXPECT_EQ(encode(back), bytes);
  }
};

TEST_F(CiphertextEncoding, ComesBackBitExactAtEveryLevelAndForm) {
  for (int level = 0; level <= owner.parameters->max_level(); ++level) {
    expect_identity(owner.encrypt(level));
    expect_identity(unseeded(level));
    expect_identity(three_parts(level));
  }
}

// The first limbs alone, at the scale that all of them have.
TEST_F(CiphertextEncoding, FirstLimbsAreReadAlone) {
  for (const auto& c : {owner.encrypt(2), unseeded(2), three_parts(2)}) {
    const auto bytes = encode(c);
    for (int most = 0; most <= 3; ++most) {
      const auto got = decode_ciphertext(bytes, *owner.parameters, ThreadPool(2), most);
      ASSERT_EQ(got.level(), std::min(most, c.level()));
      ASSERT_EQ(got.parts.size(), c.parts.size());
      EXPECT_EQ(got.scale, c.scale);
      for (std::size_t part = 0; part < got.parts.size(); ++part)
        for (std::size_t i = 0; i < got.parts[part].limbs().q; ++i)
          EXPECT_TRUE(std::ranges::equal(got.parts[part].limb_span(i), c.parts[part].limb_span(i)));
    }
  }
  const auto bytes = encode(owner.encrypt(2));
  EXPECT_THROW(decode_ciphertext(bytes, *owner.parameters, ThreadPool(2), -1), ParametersError);
  EXPECT_THROW(
      decode_ciphertext(std::span(bytes).first(bytes.size() - 1), *owner.parameters, ThreadPool(2), 0),
      DecodeError);
}

TEST_F(CiphertextEncoding, DecryptsAfterTheRoundTripOnALargerRing) {
  TinyParties large(11);
  const auto fresh = large.encrypt();
  const ThreadPool two(2);
  const auto back =
      decode_ciphertext(encode_ciphertext(fresh, *large.parameters, two), *large.parameters, two);
  const auto slots = large.decryptor.decrypt_real(back);
  const auto exact = large.values();
  for (std::size_t i = 0; i < exact.size(); ++i) ASSERT_LE(std::abs(slots[i] - exact[i]), back.bound.error);
}

TEST_F(CiphertextEncoding, ASeedHalvesTheBytes) {
  const std::size_t seeded = encode(owner.encrypt()).size();
  const std::size_t whole = encode(unseeded(2)).size();
  EXPECT_EQ(2 * (seeded - rlwe::kCiphertextHeaderBytes - rlwe::kSeedBytes),
            whole - rlwe::kCiphertextHeaderBytes);
}

TEST_F(CiphertextEncoding, IsAppended) {
  const auto c = owner.encrypt();
  Bytes out{9, 9};
  append_ciphertext(c, *owner.parameters, out, owner.pool);
  EXPECT_EQ(Bytes(out.begin() + 2, out.end()), encode(c));
}

TEST_F(CiphertextEncoding, OnlyTheNormalFormTravels) {
  const auto refused = [&](auto change) {
    auto c = unseeded(1);
    change(c);
    EXPECT_THROW(encode(c), ParametersError);
  };
  refused([&](auto& c) { c.scale = ckks::Scale(std::nextafter(c.scale.value(), 0.0)); });
  refused([&](auto& c) { c.scale = c.scale * c.scale; });
  refused([&](auto& c) { c.bound.error = -1; });
  refused([&](auto& c) { c.bound.error = std::numeric_limits<double>::infinity(); });
  refused([&](auto& c) { c.bound.magnitude = std::numeric_limits<double>::quiet_NaN(); });
  refused([&](auto& c) { c.parts.pop_back(); });
  refused([&](auto& c) { c.parts.back().keep_limbs(1); });
  refused([&](auto& c) { c.seed.emplace(Bytes32{1}); });  // of no part of it
  refused([&](auto& c) {
    while (c.parts.size() < 4) c.parts.push_back(c.parts[0].clone());
  });
}

TEST_F(CiphertextEncoding, AProductMustBeRescaledFirst) {
  const ckks::Evaluator evaluator(owner.parameters, nullptr, owner.pool);
  const auto a = owner.encrypt();
  EXPECT_THROW(encode(evaluator.multiply_lazy(a, a)), ParametersError);
  expect_identity(evaluator.multiply(a, 0.5));
}

TEST_F(CiphertextEncoding, OtherParametersAreNamed) {
  const auto c = owner.encrypt();
  TinyParties other(5);
  EXPECT_THROW(encode_ciphertext(c, *other.parameters, other.pool), MismatchError);
  try {
    decode_ciphertext(encode(c), *other.parameters, other.pool);
    FAIL();
  } catch (const MismatchError& e) {
    EXPECT_EQ(e.left(), "parameters " + to_hex(owner.rlwe().id()).substr(0, 12));
    EXPECT_EQ(e.right(), "parameters " + to_hex(other.rlwe().id()).substr(0, 12));
  }
}

TEST_F(CiphertextEncoding, EveryFieldIsBounded) {
  const Bytes good = encode(unseeded(1));
  EXPECT_THROW(decode(with_value<std::uint32_t>(good, kLevelAt, 3)), DecodeError);
  EXPECT_THROW(decode(with_value<std::uint32_t>(good, kLevelAt, 0xffffffff)), DecodeError);
  for (const std::uint16_t parts : {0, 1, 4, 0xffff})
    EXPECT_THROW(decode(with_value(good, kPartsAt, parts)), DecodeError) << parts;
  EXPECT_THROW(decode(with_value<std::uint16_t>(good, kPartsAt, 3)), DecodeError);  // its bytes are missing
  for (const std::uint16_t seeded : {1, 2, 0xffff})
    EXPECT_THROW(decode(with_value(good, kSeededAt, seeded)), DecodeError) << seeded;
  const double scale = owner.parameters->scale_at(1).value();
  for (const double other : {0.0, -scale, std::nextafter(scale, 0.0), std::nan("")})
    EXPECT_THROW(decode(with_value(good, kScaleAt, other)), MismatchError) << other;
  for (const std::size_t at : {kMagnitudeAt, kErrorAt})
    for (const double bound : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()})
      EXPECT_THROW(decode(with_value(good, at, bound)), DecodeError) << bound;
  // A level that is valid by itself, with the scale that belongs to it, still has the wrong length.
  EXPECT_THROW(decode(with_value(with_value<std::uint32_t>(good, kLevelAt, 2), kScaleAt,
                                 owner.parameters->scale_at(2).value())),
               DecodeError);
}

TEST_F(CiphertextEncoding, ResiduesMustBeBelowTheirPrime) {
  const auto& ring = *owner.parameters->ring();
  auto c = unseeded(2);
  for (std::size_t part = 0; part < 2; ++part)
    for (std::size_t limb = 0; limb < 3; ++limb) {
      std::uint64_t& residue = c.parts[part].limb(limb)[5];
      const std::uint64_t was = residue;
      residue = ring.modulus(limb).value();
      EXPECT_THROW(decode(encode(c)), DecodeError);
      residue = ring.modulus(limb).value() - 1;
      EXPECT_NO_THROW(decode(encode(c)));
      residue = was;
    }
}

TEST_F(CiphertextEncoding, NothingShorterOrLongerIsAccepted) {
  for (const Bytes& good : {encode(owner.encrypt()), encode(unseeded(2)), encode(three_parts(0))}) {
    for (std::size_t size = 0; size < good.size(); ++size)
      ASSERT_THROW(decode(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))), DecodeError)
          << size;
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_THROW(decode(longer), DecodeError);
  }
}

TEST_F(CiphertextEncoding, AChangedSeedIsAnotherCiphertext) {
  const auto c = owner.encrypt();
  Bytes bytes = encode(c);
  bytes[kSeedAt] ^= 1;
  EXPECT_FALSE(same(decode(bytes).parts, c.parts));  // checksums, not this encoding, find such damage
}

}  // namespace
}  // namespace cloister::wire
