#include "cloister/wire/owner/secret_encoding.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cloister/base/error.h"
#include "cloister/base/testing/temporary_folder.h"
#include "cloister/wire/testing/tiny_parties.h"

namespace cloister::wire {
namespace {

namespace fs = std::filesystem;

constexpr SealingCost kCheap{.log2_n = 14, .r = 1, .p = 1};
constexpr std::size_t kCoefficientsAt = 32;

class SecretKeyEncoding : public ::testing::Test {
 protected:
  TinyParties owner;
  const Passphrase passphrase = Passphrase::from_text("a long passphrase");
  TemporaryFolder temporary;
  fs::path folder = temporary.path(), path = folder / "secret.clo";

  rlwe::SecretKey decode(std::span<const std::uint8_t> bytes) {
    return decode_secret_key(bytes, owner.parameters->rlwe(), owner.pool);
  }
  rlwe::SecretKey load(const Passphrase* p, const PlanId& plan_id = kTestPlan) {
    return load_secret_key(path, owner.parameters->rlwe(), plan_id, p, owner.pool);
  }
  void expect_same(const rlwe::SecretKey& key) {
    EXPECT_TRUE(std::ranges::equal(key.coefficients(), owner.secret.coefficients()));
  }
};

TEST_F(SecretKeyEncoding, TakesTwoBitsACoefficient) {
  const auto bytes = encode_secret_key(owner.secret);
  EXPECT_EQ(bytes.size(), 32 + owner.parameters->ring()->degree() / 4);
  for (std::size_t i = 0; i < owner.parameters->ring()->degree(); ++i)
    EXPECT_EQ((bytes[kCoefficientsAt + i / 4] >> 2 * (i % 4) & 3) - 1, owner.secret.coefficients()[i]);
  expect_same(decode(bytes.span()));
}

TEST_F(SecretKeyEncoding, IsSavedUnderAPassphraseAndOpensWhatWasEncrypted) {
  save_secret_key(path, owner.secret, kTestPlan, Protection::passphrase(passphrase, kCheap));
  const auto key = load(&passphrase);
  expect_same(key);
  const auto c = owner.encrypt();
  const auto slots = ckks::Decryptor(key, owner.encoder, owner.pool).decrypt_real(c);
  for (std::size_t i = 0; i < slots.size(); ++i)
    EXPECT_LE(std::abs(slots[i] - owner.values()[i]), c.bound.error);

  const Passphrase wrong = Passphrase::from_text("a wrong passphrase");
  EXPECT_THROW(load(&wrong), SecurityError);
  EXPECT_THROW(load(nullptr), SecurityError);
  EXPECT_THROW(load(&passphrase, PlanId{9}), MismatchError);
}

TEST_F(SecretKeyEncoding, IsSavedInClearOnlyAtTheCallersWordAndNeverOverwritten) {
  save_secret_key(path, owner.secret, kTestPlan, Protection::none_at_callers_word());
  expect_same(load(nullptr));
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  try {
    save_secret_key(path, owner.secret, kTestPlan, Protection::none_at_callers_word());
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kAlreadyExists);
  }
}

TEST_F(SecretKeyEncoding, OtherParametersAreAMismatchThatNamesTheFile) {
  save_secret_key(path, owner.secret, kTestPlan, Protection::none_at_callers_word());
  const TinyParties other(5);
  try {
    load_secret_key(path, other.parameters->rlwe(), kTestPlan, nullptr, other.pool);
    FAIL();
  } catch (const MismatchError& e) {
    EXPECT_NE(std::string(e.what()).find(path.string()), std::string::npos);
    EXPECT_EQ(e.right(), "parameters " + to_hex(other.rlwe().id()).substr(0, 12));
  }
}

TEST_F(SecretKeyEncoding, WhatIsNoSecretKeyIsRefused) {
  const auto secret = encode_secret_key(owner.secret);
  const Bytes good(secret.begin(), secret.end());
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_THROW(decode(std::span(good).first(size)), DecodeError) << size;
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_THROW(decode(longer), DecodeError);
  for (std::size_t i = 0; i < owner.parameters->ring()->degree(); ++i) {
    Bytes bad = good;
    bad[kCoefficientsAt + i / 4] |= static_cast<std::uint8_t>(3 << 2 * (i % 4));
    EXPECT_THROW(decode(bad), DecodeError) << i;
  }
}

}  // namespace
}  // namespace cloister::wire
