#include "cloister/paillier/testing/test_parties.h"

namespace cloister::paillier {
namespace {

Int128 to_int128(const std::string& decimal) {
  Int128 out = 0;
  for (const char c : decimal)
    if (c != '-') out = out * 10 + (c - '0');
  return decimal[0] == '-' ? -out : out;
}

/// A source that hands out the noise it was given.
class FixedNoise final : public NoiseSource {
 public:
  FixedNoise(const PublicKey& key, const BigInteger& r) : key_(key), r_(key.ciphertext_limbs()) {
    r.to_limbs(r_);
  }
  const PublicKey& public_key() const noexcept override { return key_; }
  void fill(Prng&, std::span<std::uint64_t> out, const ThreadPool&) const override {
    ASSERT_EQ(out.size(), r_.size());
    std::ranges::copy(r_, out.begin());
  }

 private:
  PublicKey key_;
  std::vector<std::uint64_t> r_;
};

class PaillierKnownAnswer : public testing::Test {
 protected:
  EncryptedVector encrypted(std::size_t i) {
    std::vector<BigInteger> c;
    c.push_back(known_integer(known_answers()["fast"][i]["c"]));
    return EncryptedVector::from_integers(key(), {1, 0, parties.single(), BigInteger::power_of_two(126)}, c);
  }
  const PublicKey& key() const { return parties.key.public_key(); }
  static BigInteger value(const EncryptedVector& v) { return BigInteger::from_limbs(v.residues()); }

  TestParties parties;
};

TEST_F(PaillierKnownAnswer, KeysEncodeByteForByte) {
  ByteWriter public_key, secret_key;
  encode(key(), public_key);
  encode(parties.key, secret_key);
  EXPECT_EQ(to_hex(public_key.bytes()), known_answers()["public_key"]);
  EXPECT_EQ(to_hex(secret_key.bytes()), known_answers()["secret_key"]);
  EXPECT_EQ(to_hex(key().id()), known_answers()["key_id"]);
}

TEST_F(PaillierKnownAnswer, NoiseIsThePowerOfH) {
  std::vector<std::uint64_t> h(key().ciphertext_limbs()), exponent(key().plaintext_limbs() / 2), r(h.size());
  key().h().to_limbs(h);
  const auto powers = key().arithmetic().fixed_base(h, exponent.size());
  for (const auto& row : known_answers()["fast"]) {
    known_integer(row["a"]).to_limbs(exponent);
    powers->power(exponent.data(), r.data(), 1);
    EXPECT_EQ(BigInteger::from_limbs(r), known_integer(row["r"]));
  }
}

TEST_F(PaillierKnownAnswer, EncryptsAndDecrypts) {
  for (const auto& row : known_answers()["fast"]) {
    const FixedNoise noise(key(), known_integer(row["r"]));
    const Int128 m = to_int128(row["m"].get<std::string>());
    const auto c =
        Encryptor(noise, parties.pool)
            .encrypt_integers({&m, 1}, 0, BigInteger::power_of_two(126), parties.single(), parties.prng);
    EXPECT_EQ(value(c), known_integer(row["c"])) << row["m"];
    EXPECT_EQ(parties.decryptor.decrypt(c).integers.front(), to_big_integer(m));
  }
}

TEST_F(PaillierKnownAnswer, DecryptsTheTextbooksCiphertextsToTheEdgeOfTheRange) {
  for (const auto& row : known_answers()["textbook"]) {
    const auto text = row["m"].get<std::string>();
    std::string digits = text.substr(text[0] == '-');
    if (digits.size() % 2) digits = "0" + digits;
    const BigInteger magnitude = BigInteger::from_bytes(from_hex(digits));
    std::vector<BigInteger> c;
    c.push_back(known_integer(row["c"]));
    const auto v =
        EncryptedVector::from_integers(key(), {1, 0, parties.single(), parties.single().capacity()}, c);
    EXPECT_EQ(parties.decryptor.decrypt(v).integers.front(), text[0] == '-' ? -magnitude : magnitude.clone());
  }
}

TEST_F(PaillierKnownAnswer, OperationsBitForBit) {
  const auto& expected = known_answers()["operations"];
  const auto a = encrypted(expected["left"]);
  const auto b = encrypted(expected["right"]);
  EXPECT_EQ(value(parties.server.add(a, b)), known_integer(expected["add"]));
  EXPECT_EQ(value(parties.server.subtract(a, b)), known_integer(expected["subtract"]));
  const auto times = static_cast<double>(std::stoull(expected["weight"].get<std::string>()));
  const FixedPoint format{0, 62};
  EXPECT_EQ(value(parties.server.multiply(a, times, format)), known_integer(expected["times"]));
  EXPECT_EQ(value(parties.server.multiply(a, -times, format)), known_integer(expected["times_negative"]));
}

TEST_F(PaillierKnownAnswer, PacksByteForByte) {
  const auto& row = known_answers()["packing"];
  std::vector<Int128> values;
  for (const auto& v : row["values"]) values.push_back(to_int128(v.get<std::string>()));
  const Packing packing{static_cast<std::uint32_t>(values.size()), row["bits_per_slot"]};
  std::vector<std::uint64_t> out(key().plaintext_limbs());
  for (std::size_t count = 1; count <= values.size(); ++count) {
    pack(std::span(values).first(count), packing, key().n_limbs(), out);
    EXPECT_EQ(BigInteger::from_limbs(out), known_integer(row["plaintexts"][count - 1])) << count;
  }
}

// The standard's own example, with the random r of encryption taken to the n-th power here.
TEST(PaillierStandard, AgreesWithTheExampleOfIso18033Part6) {
  const auto example =
      nlohmann::json::parse(std::ifstream(std::string(CLOISTER_VECTORS) + "/paillier_iso_18033_6.json"));
  const auto integer = [](const nlohmann::json& hex) {
    const auto digits = hex.get<std::string>();
    return BigInteger::from_bytes(from_hex((digits.size() % 2 == 0 ? "" : "0") + digits));
  };
  const SecretKey key =
      SecretKey::create_vartime(integer(example["p"]), integer(example["q"]), integer(example["h"]));
  const PublicKey& open = key.public_key();
  const ThreadPool pool(1);
  Prng prng(Seed(Bytes32{}));
  const Decryptor decryptor(key, pool);
  const Packing single = Packing::single(open.modulus_bits());
  const std::size_t limbs = open.ciphertext_limbs();
  std::vector<EncryptedVector> encrypted;
  for (std::size_t i = 0; i < 2; ++i) {
    std::vector<std::uint64_t> r(limbs), n(open.plaintext_limbs()), power(limbs);
    integer(example["randomness"][i]).to_limbs(r);
    std::ranges::copy(open.n_limbs(), n.begin());
    open.arithmetic().fixed_base(r, n.size())->power(n.data(), power.data(), 1);
    const BigInteger m = integer(example["plaintexts"][i]);
    std::array<std::uint64_t, 2> words{};
    m.to_limbs(words);
    const Int128 value = static_cast<Int128>(words[1]) << 64 | words[0];
    const FixedNoise noise(open, BigInteger::from_limbs(power));
    encrypted.push_back(
        Encryptor(noise, pool).encrypt_integers({&value, 1}, 0, BigInteger::power_of_two(127), single, prng));
    EXPECT_EQ(BigInteger::from_limbs(encrypted.back().residues()), integer(example["ciphertexts"][i]));
    EXPECT_EQ(decryptor.decrypt(encrypted.back()).integers.front(), m);
  }
  const auto sum = Evaluator(open, pool).add(encrypted[0], encrypted[1]);
  EXPECT_EQ(BigInteger::from_limbs(sum.residues()), integer(example["product"]));
  EXPECT_EQ(decryptor.decrypt(sum).integers.front(), integer(example["sum"]));
}

}  // namespace
}  // namespace cloister::paillier
