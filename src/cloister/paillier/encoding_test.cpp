#include "cloister/paillier/encoding.h"

#include <functional>

#include "cloister/paillier/testing/test_parties.h"

namespace cloister::paillier {
namespace {

template <typename T>
std::vector<std::uint8_t> bytes_of(const T& value) {
  ByteWriter writer;
  encode(value, writer);
  return writer.take();
}

class PaillierEncoding : public testing::Test {
 protected:
  const PublicKey& key() const { return parties.key.public_key(); }

  EncryptedVector vector(std::size_t size = 3) {
    return parties.encryptor.encrypt(std::vector<double>(size, 1.5), FixedPoint{8, 4}, Packing{2, 600},
                                     parties.prng);
  }
  EncryptedMatrix matrix() {
    return parties.encryptor.encrypt_matrix(std::vector<double>{1, 2, 3, 4}, 2, FixedPoint{8, 4},
                                            Packing{2, 600}, parties.prng);
  }
  static constexpr SumsPlan kSums{.columns = 3, .format = {10, 3}, .max_rows = 9, .bins = 2};
  EncryptedSums sums() {
    SumsAccumulator out(kSums);
    out.add_rows(std::vector<double>{1, 2, 5, 3, 4, 6}, std::vector<std::uint32_t>{0, 0, 1, 0, 1, 1});
    return encrypt_sums(out, parties.encryptor, parties.prng);
  }

  using Decode = std::function<std::vector<std::uint8_t>(ByteReader&)>;  ///< and encode again

  /// The hostile cases that hold for every type: a cut anywhere is refused; a flipped bit is refused
  /// or gives an object that encodes to just those bytes; nothing crashes.
  void attack(const std::vector<std::uint8_t>& bytes, const Decode& decode, std::size_t step) {
    ByteReader whole(bytes);
    EXPECT_EQ(decode(whole), bytes);
    EXPECT_EQ(whole.remaining(), 0u);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      ByteReader reader{std::span(bytes).first(cut)};
      EXPECT_THROW(decode(reader), Error) << cut;
    }
    for (std::size_t bit = 0; bit < 8 * bytes.size(); bit += bit < 512 ? 1 : step) {
      auto flipped = bytes;
      flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      ByteReader reader(flipped);
      try {
        const auto again = decode(reader);
        EXPECT_TRUE(std::ranges::equal(again, std::span(flipped).first(again.size()))) << bit;
      } catch (const Error& e) {
        EXPECT_NE(e.code(), ErrorCode::kInternal) << bit << ": " << e.what();
      }
    }
  }

  TestParties parties;
};

TEST_F(PaillierEncoding, VectorSurvivesAndHostileBytesAreRefused) {
  attack(
      bytes_of(vector()), [&](ByteReader& in) { return bytes_of(decode_vector(in, key(), kTestLimits)); },
      101);
}

TEST_F(PaillierEncoding, MatrixSurvivesAndHostileBytesAreRefused) {
  attack(
      bytes_of(matrix()), [&](ByteReader& in) { return bytes_of(decode_matrix(in, key(), kTestLimits)); },
      101);
}

TEST_F(PaillierEncoding, SumsSurviveAndHostileBytesAreRefused) {
  attack(
      bytes_of(sums()), [&](ByteReader& in) { return bytes_of(decode_sums(in, key(), kSums)); }, 101);
}

TEST_F(PaillierEncoding, SumsOfAnotherPlanAreRefused) {
  const auto bytes = bytes_of(sums());
  const auto refused = [&](auto change) {
    SumsPlan other = kSums;
    change(other);
    ByteReader in(bytes);
    EXPECT_THROW(decode_sums(in, key(), other), DecodeError);
  };
  refused([](SumsPlan& p) { ++p.columns; });
  refused([](SumsPlan& p) { ++p.format.fraction_bits; });
  refused([](SumsPlan& p) { --p.format.integer_bits; });
  refused([](SumsPlan& p) { ++p.max_rows; });
  refused([](SumsPlan& p) { ++p.bins; });
  refused([](SumsPlan& p) { p.bins = 0; });
}

TEST_F(PaillierEncoding, SumsWithForgedPartsAreRefused) {
  const auto refused = [&](EncryptedSums forged) {
    const auto bytes = bytes_of(forged);
    ByteReader in(bytes);
    EXPECT_THROW(decode_sums(in, key(), kSums), DecodeError);
  };
  const auto genuine = sums();
  refused({kSums, 10, genuine.moments.clone(), genuine.counts->clone()});
  refused({kSums, 1, genuine.moments.clone(), genuine.counts->clone()});  // the bounds state two rows
  refused({kSums, 2, genuine.moments.clone(), genuine.moments.clone()});
  refused({kSums, 2, genuine.counts->clone(), genuine.counts->clone()});
  refused({kSums, 2, genuine.moments.clone(), std::nullopt});
}

TEST_F(PaillierEncoding, PublicKeySurvivesAndHostileBytesAreRefused) {
  attack(
      bytes_of(key()), [&](ByteReader& in) { return bytes_of(decode_public_key(in)); }, 211);
}

TEST_F(PaillierEncoding, SecretKeySurvivesTruncationAndFlips) {
  const auto bytes = bytes_of(parties.key);
  for (std::size_t cut = 0; cut < bytes.size(); cut += 7) {
    ByteReader reader{std::span(bytes).first(cut)};
    EXPECT_THROW(decode_secret_key(reader), Error);
  }
  for (std::size_t bit = 32; bit < std::size_t{8} * (4 + 256);
       bit += 131) {  // within p and q: never a key again
    auto flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    ByteReader reader(flipped);
    EXPECT_THROW(decode_secret_key(reader), Error) << bit;
  }
}

TEST_F(PaillierEncoding, DecodedVectorDecrypts) {
  const auto bytes = bytes_of(vector());
  ByteReader reader(bytes);
  EXPECT_EQ(parties.decryptor.decrypt(decode_vector(reader, key(), kTestLimits)).to_doubles(),
            std::vector<double>(3, 1.5));
}

TEST_F(PaillierEncoding, InvalidCiphertextsAreRefusedByName) {
  const auto bytes = bytes_of(vector(4));  // two ciphertexts
  const std::size_t width = 8 * key().ciphertext_limbs();
  const auto with = [&](const BigInteger& c) -> std::string {
    auto changed = bytes;
    auto value = c.to_bytes(width);
    std::ranges::reverse(value);
    std::ranges::copy(value, changed.end() - static_cast<std::ptrdiff_t>(width));
    ByteReader reader(changed);
    try {
      decode_vector(reader, key(), kTestLimits);
    } catch (const DecodeError& e) {
      EXPECT_EQ(e.field(), "vector ciphertext 1");
      EXPECT_EQ(e.offset(), bytes.size() - width);
      return e.what();
    }
    return "";
  };
  EXPECT_NE(with(BigInteger(0)).find("is zero"), std::string::npos);
  EXPECT_NE(with(key().n()).find("shares a factor"), std::string::npos);
  EXPECT_NE(with(known_integer(known_answers()["p"])).find("shares a factor"), std::string::npos);
  EXPECT_NE(with(key().n_squared()).find("not below"), std::string::npos);
  EXPECT_NE(with(BigInteger::power_of_two(8 * width) - BigInteger(1)).find("not below"), std::string::npos);
  EXPECT_EQ(with(BigInteger(1)), "");
}

TEST_F(PaillierEncoding, LimitsHoldBeforeAnythingIsAllocated) {
  const auto bytes = bytes_of(vector());
  ByteReader few(bytes);
  EXPECT_THROW(decode_vector(few, key(), {.max_values = 2, .max_columns = 1}), DecodeError);
  auto huge = bytes;
  std::fill_n(huge.begin() + 32, 8, 0xff);
  ByteReader reader(huge);
  EXPECT_THROW(decode_vector(reader, key(), {.max_values = UINT64_MAX, .max_columns = 1}), DecodeError);
  const auto columns = bytes_of(matrix());
  ByteReader wide(columns);
  EXPECT_THROW(decode_matrix(wide, key(), {.max_values = 100, .max_columns = 1}), DecodeError);
}

TEST_F(PaillierEncoding, AnotherKeysBytesAreAMismatch) {
  const auto bytes = bytes_of(vector());
  // The same n with another noise base is another key: its ciphertexts are not mixed with these.
  const PublicKey other =
      PublicKey::create(key().n().clone(), (key().h() * key().h()).mod(key().n_squared()));
  EXPECT_NE(other.id(), key().id());
  ByteReader reader(bytes);
  EXPECT_THROW(decode_vector(reader, other, kTestLimits), MismatchError);
  const Evaluator stranger(other, parties.pool);
  const auto a = vector();
  EXPECT_THROW(stranger.add(a, a), MismatchError);
  EXPECT_THROW(stranger.negate(a), MismatchError);
  EXPECT_THROW(parties.server.rerandomize(a, PublicNoise(other), parties.prng), MismatchError);
}

}  // namespace
}  // namespace cloister::paillier
