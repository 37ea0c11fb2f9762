#include "cloister/wire/phe_json.h"

#include <algorithm>

#include "cloister/base/error.h"
#include "cloister/math/decimal.h"
#include "cloister/wire/internal/base64url.h"
#include "cloister/wire/internal/phe_fields.h"

namespace cloister::wire {
namespace {

constexpr const char* kPublicKey = "a public key of python-paillier";

/// Nothing is converted that is much longer than n^2; log10 2 is below 0.302.
BigInteger parse_ciphertext(const std::string& text, const BigInteger& n_squared, const std::string& what) {
  if (text.size() > n_squared.bit_length() * 302 / 1000 + 1)
    internal::fail_json(what, "the field \"v\" is not below n^2");
  auto out = from_decimal(text);
  if (!out) internal::fail_json(what, "the field \"v\" is not a decimal number of digits alone");
  return std::move(*out);
}

int parse_exponent(const nlohmann::json& field, const std::string& what) {
  if (!field.is_number_integer()) internal::fail_json(what, "the field \"e\" is not an integer");
  constexpr int kMost = paillier::kMaxExponent;
  const bool in_range = field.is_number_unsigned() ? field.get<std::uint64_t>() <= kMost
                                                   : field.get<std::int64_t>() >= -kMost;  // below zero
  if (!in_range)
    internal::fail_json(what, "the field \"e\" is beyond " + std::to_string(paillier::kMaxExponent));
  return field.get<int>();
}

paillier::EncryptedNumber parse_number(const nlohmann::json& object, const paillier::PublicKey& key,
                                       const std::string& what) {
  paillier::EncryptedNumber out{
      parse_ciphertext(internal::require_text(object, "v", what), key.n_squared(), what),
      parse_exponent(internal::require_field(object, "e", what), what)};
  if (const auto fault = check_ciphertext(key, out.ciphertext); fault != paillier::CiphertextFault::kNone)
    internal::fail_json(what, "the field \"v\" " + std::string(describe(fault)));
  return out;
}

std::string name_of(const char* kind, std::size_t i) {
  return std::string("encrypted number ") + kind + " " + std::to_string(i + 1);
}

void require_room(std::size_t count, std::uint64_t max_numbers) {
  if (count >= max_numbers)
    throw ResourceError("more than " + std::to_string(max_numbers) + " encrypted numbers; split them up");
}

std::vector<std::string_view> lines_of(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (line.find_first_not_of(kBlank) != std::string_view::npos) out.push_back(line);
    at = end + 1;
  }
  return out;
}

std::vector<paillier::EncryptedNumber> parse_list(std::string_view text, const paillier::PublicKey& key,
                                                  std::uint64_t max_numbers) {
  std::vector<paillier::EncryptedNumber> out;
  const auto list = internal::parse_bounded_json(text, "a list of encrypted numbers");
  for (const auto& element : list) {
    require_room(out.size(), max_numbers);
    out.push_back(parse_number(element, key, name_of("", out.size())));
  }
  return out;
}

std::string number_json(const paillier::EncryptedNumber& number) {
  return "{\"v\": \"" + to_decimal(number.ciphertext) + "\", \"e\": " + std::to_string(number.exponent) + "}";
}

}  // namespace

paillier::PublicKey parse_phe_public_key(std::string_view text) {
  if (text.size() > kMaxPheKeyBytes) throw ResourceError(std::string(kPublicKey) + " is not so long a text");
  const auto json = internal::parse_bounded_json(text, kPublicKey);
  if (json.is_object() && json.contains("pub"))
    internal::fail_json(kPublicKey,
                        "this is a private key, which is for its owner alone; extract its public half");
  BigInteger n =
      internal::phe_modulus(json, kPublicKey, [](const std::string& s) { return std::string_view(s); });
  return internal::make_foreign_key(kPublicKey,
                                    [&] { return paillier::PublicKey::from_modulus(std::move(n)); });
}

std::string phe_public_key_json(const paillier::PublicKey& key, std::string_view kid) {
  const auto n = internal::to_base64url(key.n().to_bytes(static_cast<std::size_t>(key.modulus_bits()) / 8));
  return std::string("{\"kty\": \"") + internal::kPheKeyType + "\", \"alg\": \"" + internal::kPheAlgorithm +
         "\", \"key_ops\": [\"" + internal::kPheEncrypt + "\"], \"n\": \"" + std::string(n.begin(), n.end()) +
         "\", \"kid\": " + internal::quoted(kid) + "}";
}

std::vector<paillier::EncryptedNumber> parse_phe_numbers(std::string_view text,
                                                         const paillier::PublicKey& key,
                                                         std::uint64_t max_numbers) {
  const auto lines = lines_of(text);
  if (lines.empty()) throw ParametersError("there is no encrypted number in it");
  std::vector<paillier::EncryptedNumber> out;
  if (lines.front().find_first_not_of(" \t\r") == lines.front().find('[')) {
    out = parse_list(text, key, max_numbers);
  } else {
    for (const std::string_view line : lines) {
      require_room(out.size(), max_numbers);
      const std::string what = name_of("of line", out.size());
      out.push_back(parse_number(internal::parse_bounded_json(line, what), key, what));
    }
  }
  if (out.empty()) throw ParametersError("there is no encrypted number in it");
  return out;
}

std::string phe_numbers_json(std::span<const paillier::EncryptedNumber> numbers, PheLayout layout) {
  const bool is_list = layout == PheLayout::kList && numbers.size() != 1;
  std::string out = is_list ? "[" : "";
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) out += is_list ? ",\n " : "\n";
    out += number_json(numbers[i]);
  }
  return out + (is_list ? "]\n" : "\n");
}

}  // namespace cloister::wire
