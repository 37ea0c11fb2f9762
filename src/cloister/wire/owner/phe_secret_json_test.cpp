#include "cloister/wire/owner/phe_secret_json.h"

#include <gtest/gtest.h>

#include "cloister/base/error.h"
#include "cloister/math/big_integer.h"
#include "cloister/wire/internal/base64url.h"
#include "cloister/wire/phe_json.h"
#include "cloister/wire/testing/phe_answers.h"

namespace cloister::wire {
namespace {

std::string base64url(const BigInteger& value) {
  const auto text = internal::to_base64url(value.to_bytes((value.bit_length() + 7) / 8));
  return {text.begin(), text.end()};
}

BigInteger integer(const nlohmann::json& text) {
  return BigInteger::from_bytes(internal::from_base64url(text.get<std::string>())->span());
}

class PheSecretJson : public ::testing::Test {
 protected:
  static paillier::SecretKey parse(const std::string& text) { return parse_phe_secret_key(text); }
  static std::string refusal(const std::string& text) {
    try {
      parse(text);
    } catch (const Error& e) {
      return std::string(info(e.code()).name) + " " + e.what();
    }
    return "accepted";
  }
  static void expect_refused(const nlohmann::json& key, const std::string& words) {
    const std::string why = refusal(key.dump());
    EXPECT_NE(why.find(words), std::string::npos) << why;
  }
  static nlohmann::json with(nlohmann::json key, const char* field, const BigInteger& value) {
    key[field] = base64url(value);
    return key;
  }

  const std::string text = phe_answer("secret_key"), old_text = phe_answer("old_secret_key");
  const nlohmann::json key = nlohmann::json::parse(text), old_key = nlohmann::json::parse(old_text);
};

TEST_F(PheSecretJson, HasThePublicHalfThatStandsAlone) {
  const auto secret = parse(text);
  EXPECT_EQ(secret.public_key().id(), parse_phe_public_key(phe_answer("public_key")).id());
  EXPECT_EQ(BigInteger::from_limbs(secret.p()) * BigInteger::from_limbs(secret.q()), secret.public_key().n());
}

TEST_F(PheSecretJson, IsWrittenAsItWasRead) {
  const auto written = phe_secret_key_json(parse(text), "a \"name\"");
  auto expected = key;
  expected["kid"] = expected["pub"]["kid"] = "a \"name\"";
  EXPECT_EQ(nlohmann::json::parse(written.begin(), written.end()), expected);
}

TEST_F(PheSecretJson, OfOldVersionsIsFactored) {
  const auto secret = parse(old_text);
  const BigInteger p = BigInteger::from_limbs(secret.p()), q = BigInteger::from_limbs(secret.q()), one(1);
  EXPECT_EQ(p * q, integer(old_key["pub"]["n"]));
  EXPECT_EQ((p - one) * (q - one), integer(old_key["lambda"]));
  // The other lambda that textbooks have, the least common multiple.
  BigInteger multiple;
  mpz_lcm(multiple.raw(), (p - one).raw(), (q - one).raw());
  const auto mu = invert_vartime(multiple, p * q);
  ASSERT_TRUE(mu);
  const auto other = parse(with(with(old_key, "lambda", multiple), "mu", *mu).dump());
  EXPECT_EQ(other.public_key().id(), secret.public_key().id());
}

TEST_F(PheSecretJson, NumbersThatDoNotBelongTogetherAreRefused) {
  const BigInteger one(1), n = integer(old_key["pub"]["n"]), lambda = integer(old_key["lambda"]);
  expect_refused(with(key, "p", integer(key["p"]) + BigInteger(2)), "not the factors of n");
  expect_refused(with(with(key, "p", one), "q", integer(key["pub"]["n"])), "factors differ in length");
  expect_refused(with(old_key, "mu", one), "mu is not the inverse");
  expect_refused(with(with(old_key, "lambda", one), "mu", one), "lambda does not belong");
  expect_refused(
      with(with(old_key, "lambda", lambda + BigInteger(2)), "mu", *invert_vartime(lambda + BigInteger(2), n)),
      "lambda does not belong");
  expect_refused(with(with(old_key, "lambda", lambda + n), "mu", integer(old_key["mu"])),
                 "mu is not the inverse");
  nlohmann::json mixed = key;
  mixed["pub"] = old_key["pub"];
  expect_refused(mixed, "not the factors of n");
}

TEST_F(PheSecretJson, FieldsAreRefusedByName) {
  for (const char* field : {"kty", "key_ops", "p", "q", "pub"}) {
    auto lacking = key;
    lacking.erase(field);
    expect_refused(lacking, std::string("\"") + (field[0] == 'p' && field[1] == '\0' ? "p" : field) + "\"");
    auto wrong = key;
    wrong[field] = 7;
    expect_refused(wrong, "DATA_LOSS");
  }
  for (const char* field : {"lambda", "mu"}) {
    auto lacking = old_key;
    lacking.erase(field);
    expect_refused(lacking, std::string("\"") + field + "\" is missing");
  }
  expect_refused(nlohmann::json::parse(phe_answer("public_key")), "\"decrypt\"");
  EXPECT_NE(refusal(replaced(text, "{", "{\"kty\": \"DAJ\", ")).find("given twice"), std::string::npos);
  EXPECT_NE(refusal(text + std::string(kMaxPheKeyBytes, ' ')).find("RESOURCE_EXHAUSTED"), std::string::npos);
}

TEST_F(PheSecretJson, NoTextPassesForAMark) {
  auto marked = key;
  for (const char* mark : {"~0", "~9", "~", "~00000000000000000000000", "~-1", "~0x"}) {
    marked["q"] = mark;
    expect_refused(marked, "DATA_LOSS");
  }
  EXPECT_NE(refusal(replaced(text, key["q"].get<std::string>(), "\\u007e9")).find("base64url"),
            std::string::npos);
}

TEST_F(PheSecretJson, TextCutAnywhereIsRefusedAndNotQuoted) {
  const auto p = key["p"].get<std::string>();
  for (std::size_t size = 0; size < text.size(); ++size) {
    const std::string why = refusal(text.substr(0, size));
    ASSERT_NE(why, "accepted") << size;
    ASSERT_EQ(why.find(p.substr(0, 8)), std::string::npos) << size;
  }
}

}  // namespace
}  // namespace cloister::wire
