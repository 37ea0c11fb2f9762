#include "cloister/paillier/owner/key_ring.h"

#include "cloister/base/error.h"
#include "cloister/paillier/noise_base.h"
#include "cloister/paillier/testing/test_parties.h"

namespace cloister::paillier {
namespace {

/// The same factors with another h: a key of its own, with an id of its own.
SecretKey other_key(const SecretKey& key) {
  const BigInteger p = BigInteger::from_limbs(key.p()), q = BigInteger::from_limbs(key.q());
  return SecretKey::create_vartime(p, q, standard_noise_base(p * q));
}

EncryptedVector encrypted(TestParties& parties, const PublicKey& key, double value) {
  const PublicNoise noise(key);
  return Encryptor(noise, parties.pool)
      .encrypt({&value, 1}, FixedPoint{8, 8}, parties.single(), parties.prng);
}

TEST(PaillierKeyRing, DecryptsWithTheKeyThatAVectorIsBoundTo) {
  TestParties parties;
  SecretKey second = other_key(parties.key);
  const PublicKey first_public = parties.key.public_key(), second_public = second.public_key();
  const auto a = encrypted(parties, first_public, 1.5), b = encrypted(parties, second_public, -2);
  KeyRing ring(parties.pool);
  ring.add(std::move(second));
  ring.add(TestParties::load());
  EXPECT_EQ(ring.decrypt(a).to_doubles(), std::vector<double>{1.5});
  EXPECT_EQ(ring.decrypt(b).to_doubles(), std::vector<double>{-2});
  auto ids = std::vector<Bytes32>{first_public.id(), second_public.id()};
  std::ranges::sort(ids);
  EXPECT_EQ(ring.ids(), ids);
  EXPECT_EQ(ring.public_key(first_public.id()).id(), first_public.id());
}

TEST(PaillierKeyRing, NamesTheKeyThatIsMissing) {
  TestParties parties;
  const SecretKey second = other_key(parties.key);
  const auto a = encrypted(parties, second.public_key(), 1);
  KeyRing ring(parties.pool);
  ring.add(TestParties::load());
  EXPECT_FALSE(ring.contains(a.key_id()));
  try {
    ring.decrypt(a);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kNotFound);
    EXPECT_NE(std::string(e.what()).find(to_hex(a.key_id())), std::string::npos);
  }
}

TEST(PaillierKeyRing, TakesAnIdOnce) {
  TestParties parties;
  KeyRing ring(parties.pool);
  ring.add(TestParties::load());
  try {
    ring.add(TestParties::load());
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kAlreadyExists);
  }
  EXPECT_EQ(ring.ids().size(), 1u);
}

}  // namespace
}  // namespace cloister::paillier
