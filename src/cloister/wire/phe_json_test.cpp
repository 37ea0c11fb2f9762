#include "cloister/wire/phe_json.h"

#include <gtest/gtest.h>

#include "cloister/base/error.h"
#include "cloister/paillier/owner/decryptor.h"
#include "cloister/wire/owner/phe_secret_json.h"
#include "cloister/wire/testing/phe_answers.h"

namespace cloister::wire {
namespace {

std::span<const char> chars(const std::string& text) { return text; }

/// What `parse` refuses the text with: its code's name and its message.
template <typename Parse>
std::string refusal(const Parse& parse) {
  try {
    parse();
  } catch (const Error& e) {
    return std::string(info(e.code()).name) + " " + e.what();
  }
  return "accepted";
}

class PheJson : public ::testing::Test {
 protected:
  std::vector<paillier::EncryptedNumber> numbers(const std::string& text, std::uint64_t most = 100) const {
    return parse_phe_numbers(text, key, most);
  }
  std::string refused_key(const std::string& text) const {
    return refusal([&] { parse_phe_public_key(text); });
  }
  std::string refused_number(const std::string& text) const {
    return refusal([&] { numbers(text); });
  }
  void expect_refused(const std::string& text, const std::string& words) const {
    const std::string why = refused_number(text);
    EXPECT_TRUE(why.starts_with("DATA_LOSS")) << why;
    EXPECT_NE(why.find(words), std::string::npos) << why;
  }
  static std::string number(const std::string& v, const std::string& e) {
    return "{\"v\": \"" + v + "\", \"e\": " + e + "}";
  }
  static std::string decimal(const BigInteger& value) {
    std::vector<char> out(mpz_sizeinbase(value.raw(), 10) + 2);
    return mpz_get_str(out.data(), 10, value.raw());
  }

  const std::string public_text = phe_answer("public_key");
  const paillier::PublicKey key = parse_phe_public_key(public_text);
  const std::string first = phe_answers()["numbers"][0]["text"].get<std::string>();
};

TEST_F(PheJson, PublicKeyIsWrittenAsItWasRead) {
  EXPECT_EQ(key.modulus_bits(), 2048);
  EXPECT_EQ(key.n().mod(std::uint64_t{4}), 3u);  // as no key that is generated here
  const auto kid = nlohmann::json::parse(public_text)["kid"].get<std::string>();
  EXPECT_EQ(phe_public_key_json(key, kid), public_text);
  EXPECT_EQ(parse_phe_public_key(phe_public_key_json(key, "\"\xff\n")).id(), key.id());
}

TEST_F(PheJson, NumbersAreWrittenAsTheyWereReadAndDecryptToTheirPlaintexts) {
  const ThreadPool pool(2);
  const std::string secret = phe_answer("secret_key");
  const paillier::Decryptor decryptor(parse_phe_secret_key(chars(secret)), pool);
  for (const auto& answer : phe_answers()["numbers"]) {
    const auto text = answer["text"].get<std::string>();
    const auto read = numbers(text);
    EXPECT_EQ(phe_numbers_json(read, PheLayout::kLines), text + "\n");
    const auto vector = paillier::align(key, read, 70, pool);
    EXPECT_EQ(decryptor.decrypt(vector).to_doubles(),
              std::vector<double>{std::stod(answer["plaintext"].get<std::string>())});
  }
}

TEST_F(PheJson, SeveralNumbersComeAsAListOrOneALine) {
  std::vector<paillier::EncryptedNumber> all;
  std::string lines = "\n";
  for (const auto& answer : phe_answers()["numbers"]) lines += answer["text"].get<std::string>() + "\r\n\n";
  all = numbers(lines);
  ASSERT_EQ(all.size(), phe_answers()["numbers"].size());
  for (const auto layout : {PheLayout::kList, PheLayout::kLines}) {
    const auto again = numbers(phe_numbers_json(all, layout));
    ASSERT_EQ(again.size(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(again[i].ciphertext, all[i].ciphertext);
      EXPECT_EQ(again[i].exponent, all[i].exponent);
    }
  }
  EXPECT_EQ(numbers(" [" + first + "]").size(), 1u);
  EXPECT_EQ(phe_numbers_json(numbers(first), PheLayout::kList), first + "\n");
  EXPECT_EQ(refusal([&] { numbers(lines, all.size() - 1); }).substr(0, 18), "RESOURCE_EXHAUSTED");
  EXPECT_EQ(refusal([&] { numbers("[" + first + ", " + first + "]", 1); }).substr(0, 18),
            "RESOURCE_EXHAUSTED");
  for (const char* nothing : {"", " \n\t\n", "[]"})
    EXPECT_EQ(refused_number(nothing).substr(0, 16), "INVALID_ARGUMENT") << nothing;
}

TEST_F(PheJson, CiphertextsOutOfTheirRangeAreRefusedByName) {
  const BigInteger one(1);
  EXPECT_EQ(refused_number(number("1", "0")), "accepted");
  EXPECT_EQ(refused_number(number(decimal(key.n_squared() - one), "0")), "accepted");
  expect_refused(number("0", "0"), "number of line 1: the field \"v\" is zero");
  expect_refused(number(decimal(key.n_squared()), "0"), "not below n^2");
  expect_refused(number(decimal(key.n_squared()) + "0", "0"), "not below n^2");
  expect_refused(number(std::string(1 << 20, '9'), "0"), "not below n^2");
  expect_refused(number(decimal(key.n()), "0"), "shares a factor with n");
  expect_refused(first + "\n" + number(decimal(key.n()), "0"), "number of line 2");
  for (const char* text : {"-1", "+1", "01", "", " 1", "1 ", "1e3", "0x1", "1.0", "nan"})
    expect_refused(number(text, "0"), "\"v\" is not a decimal");
}

TEST_F(PheJson, ExponentsOutOfTheirRangeAreRefusedByName) {
  EXPECT_EQ(refused_number(number("1", "-1024")), "accepted");
  EXPECT_EQ(refused_number(number("1", "1024")), "accepted");
  for (const char* e : {"1025", "-1025", "9223372036854775807", "18446744073709551615"})
    expect_refused(number("1", e), "\"e\" is beyond 1024");
  for (const char* e : {"1.0", "1e2", "null", "\"1\"", "[1]", "true", "18446744073709551616"})
    expect_refused(number("1", e), "\"e\" is not an integer");
  for (const char* e : {"NaN", "Infinity", "-Infinity"}) expect_refused(number("1", e), "not JSON");
}

TEST_F(PheJson, OtherFormsAreRefused) {
  expect_refused("{\"v\": \"1\"}", "\"e\" is missing");
  expect_refused("{\"e\": 1}", "\"v\" is missing");
  expect_refused("{\"v\": 1, \"e\": 1}", "\"v\" is not text");
  expect_refused("{\"v\": \"1\", \"v\": \"2\", \"e\": 1}", "given twice");
  expect_refused("{\"v\": \"1\", \"e\": 1, \"\\u0065\": 2}", "given twice");
  expect_refused("7", "an object is expected");
  expect_refused("[7]", "an object is expected");
  expect_refused("[[[[[[1]]]]]]", "nested too deeply");
  expect_refused(std::string(1 << 16, '['), "nested too deeply");
  std::string nested;
  for (int i = 0; i < 1000; ++i) nested += "{\"a\":";
  expect_refused(nested, "nested too deeply");
  EXPECT_EQ(refused_number("{\"v\": \"1\", \"e\": 1, \"note\": [null]}"), "accepted");
}

TEST_F(PheJson, TextCutAnywhereIsRefused) {
  for (std::size_t size = 0; size < first.size(); ++size)
    EXPECT_NE(refused_number(first.substr(0, size)), "accepted") << size;
  for (std::size_t size = 0; size < public_text.size(); ++size)
    EXPECT_NE(refused_key(public_text.substr(0, size)), "accepted") << size;
}

TEST_F(PheJson, KeysOfAnotherKindAreRefusedByName) {
  const auto with = [&](const std::string& from, const std::string& to) {
    return refused_key(replaced(public_text, from, to));
  };
  EXPECT_NE(with("\"DAJ\"", "\"RSA\"").find("\"kty\""), std::string::npos);
  EXPECT_NE(with("\"DAJ\"", "7").find("\"kty\" is not text"), std::string::npos);
  EXPECT_NE(with("\"kty\"", "\"kit\"").find("\"kty\" is missing"), std::string::npos);
  EXPECT_NE(with("PAI-GN1", "PAI-GN2").find("\"alg\""), std::string::npos);
  EXPECT_NE(with("[\"encrypt\"]", "[\"verify\"]").find("\"key_ops\""), std::string::npos);
  EXPECT_NE(with("[\"encrypt\"]", "\"encrypt\"").find("\"key_ops\""), std::string::npos);
  EXPECT_NE(with("\"alg\"", "\"kty\"").find("given twice"), std::string::npos);
  EXPECT_NE(refused_key(phe_answer("secret_key")).find("this is a private key"), std::string::npos);
  EXPECT_EQ(refused_key(public_text + std::string(kMaxPheKeyBytes, ' ')).substr(0, 18), "RESOURCE_EXHAUSTED");
  EXPECT_EQ(with("\"kid\"", "\"comment\""), "accepted");
}

TEST_F(PheJson, ModuliThatAreNoneAreRefusedByName) {
  const auto n = nlohmann::json::parse(public_text)["n"].get<std::string>();
  const auto with = [&](const std::string& text) { return refused_key(replaced(public_text, n, text)); };
  EXPECT_NE(with("").find("base64url"), std::string::npos);
  EXPECT_NE(with(n + "=").find("base64url"), std::string::npos);
  EXPECT_NE(with(replaced(n, n.substr(7, 1), "+")).find("base64url"), std::string::npos);
  EXPECT_NE(with("AA" + n).find("zero byte"), std::string::npos);
  EXPECT_NE(with("AA").find("zero"), std::string::npos);
  EXPECT_NE(with(std::string(8192, 'z')).find("longer than the largest"), std::string::npos);
  EXPECT_TRUE(with(n.substr(0, 171)).starts_with("PERMISSION_DENIED"))
      << with(n.substr(0, 171));                                          // 1026 bits
  EXPECT_TRUE(with("B" + n.substr(1)).starts_with("PERMISSION_DENIED"));  // 2043 bits
  EXPECT_NE(with(n.substr(0, 2) + n).find("not supported"), std::string::npos);
  EXPECT_NE(with(n.substr(0, n.size() - 1) + "A").find("DATA_LOSS"), std::string::npos);
  EXPECT_NE(with(n.substr(0, n.size() - 2) + "-A").find("even"), std::string::npos);
}

}  // namespace
}  // namespace cloister::wire
