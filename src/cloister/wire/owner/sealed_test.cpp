#include "cloister/wire/owner/sealed.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cloister/base/error.h"
#include "cloister/base/testing/temporary_folder.h"
#include "cloister/wire/owner/internal/sealing_crypto.h"

namespace cloister::wire {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

constexpr SealingCost kCheap{.log2_n = 14, .r = 1, .p = 1};
constexpr PlanId kPlan{1, 2, 3};
const Expectation kExpected{.type = PayloadType::kSecretKey, .plan_id = kPlan};

Bytes secret() { return Bytes(100, 0x5a); }
Passphrase right() { return Passphrase::from_text("correct horse battery"); }
Passphrase wrong() { return Passphrase::from_text("correct horse batterz"); }

Bytes sealed_bytes(const Protection& protection) {
  const auto out = seal(secret(), PayloadType::kSecretKey, kPlan, protection);
  return {out.begin(), out.end()};
}

Bytes sealed_cheaply() {
  const Passphrase passphrase = right();
  return sealed_bytes(Protection::passphrase(passphrase, kCheap));
}

/// A container around a sealed frame's bytes, as a forger would make it: the checksums fit.
Bytes forged(std::span<const std::uint8_t> frame, std::uint32_t tag = 1, const PlanId& plan_id = kPlan) {
  Bytes out;
  ContainerWriter writer(out, PayloadType::kSecretKey, plan_id);
  writer.write_frame(tag, frame);
  writer.finish();
  return out;
}

Bytes sealed_frame() {
  const Bytes bytes = sealed_cheaply();
  const auto payload = ContainerReader(bytes, kExpected).frame(0).payload;
  return {payload.begin(), payload.end()};
}

bool contains(const Bytes& bytes, const Bytes& part) {
  return std::search(bytes.begin(), bytes.end(), part.begin(), part.end()) != bytes.end();
}

TEST(Sealed, OpensWithItsPassphraseOnly) {
  const Bytes bytes = sealed_cheaply();
  const Passphrase good = right(), bad = wrong();
  EXPECT_TRUE(std::ranges::equal(open_sealed(bytes, kExpected, &good), secret()));
  EXPECT_THROW(open_sealed(bytes, kExpected, &bad), SecurityError);
  EXPECT_THROW(open_sealed(bytes, kExpected, nullptr), SecurityError);
  try {
    open_sealed(bytes, kExpected, &bad, "secret.key");
  } catch (const SecurityError& e) {
    EXPECT_NE(std::string(e.what()).find("secret.key: wrong passphrase or damaged file"), std::string::npos);
  }
}

TEST(Sealed, HidesTheSecretAndIsFreshEachTime) {
  const Bytes a = sealed_cheaply(), b = sealed_cheaply();
  EXPECT_NE(a, b);
  EXPECT_FALSE(contains(a, Bytes(8, 0x5a)));
}

TEST(Sealed, UnprotectedOnlyAtTheCallersWordAndMarkedSo) {
  const Bytes bytes = sealed_bytes(Protection::none_at_callers_word());
  EXPECT_TRUE(std::ranges::equal(open_sealed(bytes, kExpected, nullptr), secret()));
  EXPECT_TRUE(contains(bytes, secret()));
}

TEST(Sealed, RefusesWhatWouldBeWeakOrWrong) {
  const Passphrase shorter = Passphrase::from_text("1234567");
  const Passphrase good = right();
  EXPECT_THROW(sealed_bytes(Protection::passphrase(shorter, kCheap)), SecurityError);
  EXPECT_THROW(sealed_bytes(Protection::passphrase(good, {.log2_n = 13})), ParametersError);
  EXPECT_THROW(sealed_bytes(Protection::passphrase(good, {.log2_n = 20})), ParametersError);
  EXPECT_THROW(seal({}, PayloadType::kSecretKey, kPlan, Protection::none_at_callers_word()), ParametersError);
  EXPECT_THROW(seal(secret(), PayloadType::kModel, kPlan, Protection::none_at_callers_word()),
               ParametersError);
}

TEST(Sealed, AnotherPlanOrTypeIsAMismatch) {
  const Bytes bytes = sealed_cheaply();
  const Passphrase good = right();
  EXPECT_THROW(open_sealed(bytes, {.type = PayloadType::kSecretKey, .plan_id = PlanId{9}}, &good),
               MismatchError);
  EXPECT_THROW(open_sealed(bytes, {.type = PayloadType::kPaillierSecretKey, .plan_id = kPlan}, &good),
               MismatchError);
  EXPECT_THROW(open_sealed(bytes, {.type = PayloadType::kModel, .plan_id = kPlan}, &good), ParametersError);
}

TEST(SealedHostile, TruncationAndBitFlipsAreRefused) {
  Bytes bytes = sealed_cheaply();
  const Passphrase good = right();
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_THROW(open_sealed(std::span(bytes).first(cut), kExpected, &good), DecodeError) << cut;
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_THROW(open_sealed(bytes, kExpected, &good), Error) << bit;
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
  }
}

TEST(SealedHostile, AForgersChangesAreFoundWhereverTheyAre) {
  const Bytes frame = sealed_frame();
  const Passphrase good = right();
  EXPECT_NO_THROW(open_sealed(forged(frame), kExpected, &good));
  // Salt, nonce, ciphertext and tag: one bit each at both ends of each field.
  for (const std::size_t at : {12, 43, 44, 55, 56, 155, 156, 171}) {
    ASSERT_LT(at, frame.size());
    Bytes changed = frame;
    changed[at] ^= 1;
    EXPECT_THROW(open_sealed(forged(changed), kExpected, &good), SecurityError) << at;
  }
  ASSERT_EQ(frame.size(), 172u);
  // The plan id is vouched for, so a key cannot be passed off as another plan's.
  EXPECT_THROW(open_sealed(forged(frame, 1, PlanId{9}),
                           {.type = PayloadType::kSecretKey, .plan_id = PlanId{9}}, &good),
               SecurityError);
  EXPECT_THROW(open_sealed(forged(frame, 3), kExpected, &good), DecodeError);
  EXPECT_THROW(open_sealed(forged({}, 2), kExpected, &good), DecodeError);
  for (std::size_t size = 0; size <= 72; ++size)  // up to an empty secret with a tag
    EXPECT_THROW(open_sealed(forged(std::span(frame).first(size)), kExpected, &good), DecodeError) << size;
}

TEST(SealedHostile, ACostBombIsRefusedBeforeMemoryIsTaken) {
  const Passphrase good = right();
  const auto with_cost = [&](std::int32_t log2_n, std::int32_t r, std::int32_t p) {
    Bytes frame = sealed_frame();
    const std::int32_t cost[3] = {log2_n, r, p};
    std::memcpy(frame.data(), cost, sizeof cost);
    return forged(frame);
  };
  EXPECT_THROW(open_sealed(with_cost(14, 2, 1), kExpected, &good), SecurityError);  // allowed, another key
  for (const auto& [log2_n, r, p] : std::vector<std::array<std::int32_t, 3>>{{63, 8, 1},
                                                                             {21, 16, 1},
                                                                             {20, 8, 1},
                                                                             {17, 8, 5},
                                                                             {17, 0x7fffffff, 1},
                                                                             {17, 8, 0x7fffffff},
                                                                             {-1, 8, 1},
                                                                             {13, 8, 1},
                                                                             {17, 0, 1},
                                                                             {17, 8, 0},
                                                                             {17, -8, 1}})
    EXPECT_THROW(open_sealed(with_cost(log2_n, r, p), kExpected, &good), DecodeError)
        << log2_n << ' ' << r << ' ' << p;
}

TEST(SealingCrypto, ScryptKnownAnswer) {
  // RFC 7914 section 12 gives salts of other lengths than ours; this vector is from Python's hashlib.scrypt
  // (salt = bytes(range(32)), n = 2**14, r = 8, p = 1, dklen = 32).
  std::array<std::uint8_t, internal::kSaltBytes> salt;
  for (std::size_t i = 0; i < salt.size(); ++i) salt[i] = static_cast<std::uint8_t>(i);
  const std::string text = "pleaseletmein";
  const auto key = internal::scrypt_key({text.data(), text.size()}, salt, {.log2_n = 14, .r = 8, .p = 1});
  EXPECT_EQ(to_hex(key.span()), "651bd3a26928adf17e59f618e18ea36170e3502bf333f5e56c74923474d5bef5");
}

TEST(SealingCrypto, GcmKnownAnswer) {
  // The Galois/Counter Mode of Operation (McGrew and Viega), test case 16.
  const Bytes key = from_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  const Bytes nonce = from_hex("cafebabefacedbaddecaf888");
  const Bytes aad = from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const Bytes plain = from_hex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
  Bytes sealed(plain.size() + internal::kTagBytes);
  const auto fixed_nonce = std::span(nonce).first<internal::kNonceBytes>();
  internal::gcm_encrypt(key, fixed_nonce, aad, plain, sealed);
  EXPECT_EQ(to_hex(sealed),
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
            "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
            "76fc6ece0f4e1768cddf8853bb2d551b");
  Bytes back(plain.size());
  EXPECT_TRUE(internal::gcm_decrypt(key, fixed_nonce, aad, sealed, back));
  EXPECT_EQ(back, plain);
  sealed.back() ^= 1;
  EXPECT_FALSE(internal::gcm_decrypt(key, fixed_nonce, aad, sealed, back));
}

class SecretFile : public testing::Test {
 protected:
  TemporaryFolder temporary_;
  fs::path folder_ = temporary_.path();
};

TEST_F(SecretFile, IsItsOwnersAloneAndNeverOverwritten) {
  const fs::path path = folder_ / "secret.key";
  const Passphrase good = right();
  save_secret(path, secret(), PayloadType::kSecretKey, kPlan, Protection::passphrase(good, kCheap));
  struct stat status;
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_TRUE(is_protected(path));
  try {
    save_secret(path, Bytes(5, 1), PayloadType::kSecretKey, kPlan, Protection::none_at_callers_word());
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kAlreadyExists);
  }
  EXPECT_TRUE(std::ranges::equal(load_secret(path, kExpected, &good), secret()));
  EXPECT_EQ(describe(path).header.plan_id, kPlan);
}

TEST_F(SecretFile, SaysWhetherItIsProtected) {
  const fs::path path = folder_ / "secret.key";
  save_secret(path, secret(), PayloadType::kSecretKey, kPlan, Protection::none_at_callers_word());
  EXPECT_FALSE(is_protected(path));
  EXPECT_TRUE(std::ranges::equal(load_secret(path, kExpected, nullptr), secret()));
  Bytes model;
  ContainerWriter(model, PayloadType::kModel, kPlan).finish();
  write_file(folder_ / "model", model);
  EXPECT_THROW(is_protected(folder_ / "model"), ParametersError);
}

TEST(SlowSealed, DefaultCostRoundTrips) {
  const Passphrase good = right();
  const Bytes bytes = sealed_bytes(Protection::passphrase(good));
  EXPECT_TRUE(std::ranges::equal(open_sealed(bytes, kExpected, &good), secret()));
}

}  // namespace
}  // namespace cloister::wire
