#include "cloister/pipeline/owner/key_folder.h"

#include <gtest/gtest.h>

#include "cloister/base/error.h"
#include "cloister/base/file.h"
#include "cloister/base/testing/temporary_folder.h"
#include "cloister/paillier/noise_base.h"
#include "cloister/paillier/owner/encoding.h"
#include "cloister/paillier/testing/test_parties.h"
#include "cloister/pipeline/paillier_files.h"

namespace cloister::pipeline {
namespace {

class KeyFolderTest : public ::testing::Test {
 protected:
  /// The same factors with another h: a key with an id of its own.
  static paillier::SecretKey other_key() {
    const auto key = paillier::TestParties::load();
    const BigInteger p = BigInteger::from_limbs(key.p()), q = BigInteger::from_limbs(key.q());
    return paillier::SecretKey::create_vartime(p, q, paillier::standard_noise_base(p * q));
  }
  static void save(const std::filesystem::path& path, const paillier::SecretKey& key) {
    wire::save_secret(path, paillier::encode_secret_key(key).span(), wire::PayloadType::kPaillierSecretKey,
                      key.public_key().id(), wire::Protection::none_at_callers_word());
  }

  const TemporaryFolder temporary;
  const std::filesystem::path root = temporary.path();
  const KeyFolder folder{root};
};

TEST_F(KeyFolderTest, FindsTheKeyOfAnIdUnderAnyName) {
  const auto first = paillier::TestParties::load(), second = other_key();
  save(folder.secret_key(first.public_key().id()), first);
  save(root / "renamed.key", second);
  save_public_key(folder.public_key(first.public_key().id()), first.public_key(), first.public_key().id());
  write_file(root / "foreign.key", {});
  write_file(root / "notes.txt", {});
  EXPECT_EQ(folder.find_secret(first.public_key().id()), folder.secret_key(first.public_key().id()));
  EXPECT_EQ(folder.find_secret(second.public_key().id()), root / "renamed.key");
  const auto back = load_paillier_secret(root / "renamed.key", second.public_key().id(), nullptr);
  EXPECT_EQ(back.public_key().id(), second.public_key().id());
  EXPECT_THROW(load_paillier_secret(root / "renamed.key", first.public_key().id(), nullptr), MismatchError);
}

TEST_F(KeyFolderTest, NamesWhatIsMissingAndWhatIsThere) {
  const auto key = paillier::TestParties::load();
  save(folder.secret_key(key.public_key().id()), key);
  try {
    folder.find_secret(Bytes32{0xab});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kNotFound);
    EXPECT_NE(std::string(e.what()).find("ab0000000000"), std::string::npos);
    EXPECT_NE(std::string(e.what()).find(wire::short_id(key.public_key().id())), std::string::npos);
  }
  EXPECT_THROW(KeyFolder(root / "nowhere").find_secret(key.public_key().id()), Error);
}

TEST_F(KeyFolderTest, VectorsTellTheirKeyAndAreReadWithIt) {
  paillier::TestParties parties;
  const double values[] = {1.5, -2};
  const auto vector =
      parties.encryptor.encrypt(values, paillier::FixedPoint{8, 8}, parties.single(), parties.prng);
  const auto file = root / "vector.enc";
  save_vector(file, vector);
  EXPECT_EQ(vector_key_id(file), parties.key.public_key().id());
  const auto back = load_vector(file, parties.key.public_key());
  EXPECT_TRUE(std::ranges::equal(back.residues(), vector.residues()));
  EXPECT_THROW(load_vector(file, other_key().public_key()), MismatchError);
  save_public_key(root / "public.key", parties.key.public_key(), parties.key.public_key().id());
  EXPECT_THROW(vector_key_id(root / "public.key"), MismatchError);
  EXPECT_EQ(load_public_key(root / "public.key").id(), parties.key.public_key().id());
}

}  // namespace
}  // namespace cloister::pipeline
