#include "cloister/wire/owner/phe_secret_json.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "cloister/base/error.h"
#include "cloister/paillier/noise_base.h"
#include "cloister/paillier/owner/factoring.h"
#include "cloister/wire/internal/base64url.h"
#include "cloister/wire/internal/phe_fields.h"
#include "cloister/wire/phe_json.h"

namespace cloister::wire {
namespace {

constexpr const char* kDecrypt = "decrypt";
constexpr const char* kSecretKey = "a private key of python-paillier";

/// A text whose long runs of base64url are replaced by marks, which say where they lie. What is left holds no
/// secret.
class Redacted {
 public:
  explicit Redacted(std::span<const char> text) {
    for (std::size_t at = 0; at < text.size();) {
      const auto rest = text.subspan(at);
      const auto run =
          static_cast<std::size_t>(std::ranges::find_if_not(rest, internal::is_base64url) - rest.begin());
      if (run > kLongestWord) {
        text_ += kMark + std::to_string(runs_.size());
        runs_.emplace_back(rest.data(), run);
      } else {
        text_.append(rest.data(), run);
      }
      at += run;
      if (at < text.size()) text_ += text[at] == kMark ? '?' : text[at];  // no text passes for a mark
      ++at;
    }
  }

  const std::string& text() const noexcept { return text_; }
  /// The run that a mark stands for; anything else stands for itself.
  std::string_view resolve(const std::string& field) const {
    std::size_t index = 0;
    const char* end = field.data() + field.size();
    if (field.empty() || field.front() != kMark) return field;
    const auto parsed = std::from_chars(field.data() + 1, end, index);
    return parsed.ec == std::errc() && parsed.ptr == end && index < runs_.size() ? runs_[index] : field;
  }

 private:
  static constexpr char kMark = '~';
  static constexpr std::size_t kLongestWord = 32;

  std::string text_;
  std::vector<std::string_view> runs_;
};

paillier::Factors factors_of(const nlohmann::json& json, const BigInteger& n,
                             const internal::Resolver& resolve) {
  const auto number = [&](const char* name) {
    return internal::phe_integer(json, name, kSecretKey, resolve);
  };
  if (json.contains("p") || json.contains("q")) {
    paillier::Factors out{number("p"), number("q")};
    if (out.p * out.q != n) internal::fail_json(kSecretKey, "its p and q are not the factors of n");
    return out;
  }
  const BigInteger lambda = number("lambda"), mu = number("mu");
  if (lambda >= n || (lambda * mu).mod(n) != BigInteger(1))
    internal::fail_json(kSecretKey, "its mu is not the inverse of lambda modulo n");
  auto out = n.is_odd() ? paillier::factor_vartime(n, lambda) : std::nullopt;
  if (!out) internal::fail_json(kSecretKey, "its lambda does not belong to n");
  return std::move(*out);
}

}  // namespace

paillier::SecretKey parse_phe_secret_key(std::span<const char> text) {
  if (text.size() > kMaxPheKeyBytes) throw ResourceError(std::string(kSecretKey) + " is not so long a text");
  const Redacted redacted(text);
  const internal::Resolver resolve = [&](const std::string& field) { return redacted.resolve(field); };
  const auto json = internal::parse_bounded_json(redacted.text(), kSecretKey);
  internal::check_phe_key(json, kDecrypt, kSecretKey);
  const BigInteger n =
      internal::phe_modulus(internal::require_field(json, "pub", kSecretKey), kSecretKey, resolve);
  return internal::make_foreign_key(kSecretKey, [&] {
    paillier::check_modulus_bits(static_cast<int>(n.bit_length()));
    const auto factors = factors_of(json, n, resolve);
    return paillier::SecretKey::create_vartime(factors.p, factors.q, paillier::standard_noise_base(n));
  });
}

SecretBuffer<char> phe_secret_key_json(const paillier::SecretKey& key, std::string_view kid) {
  const auto factor = [](std::span<const std::uint64_t> limbs) {
    SecretBuffer<std::uint8_t> bytes(limbs.size_bytes());
    const auto* little_endian = reinterpret_cast<const std::uint8_t*>(limbs.data());
    std::reverse_copy(little_endian, little_endian + bytes.size(), bytes.begin());
    return internal::to_base64url(bytes.span());
  };
  const auto p = factor(key.p()), q = factor(key.q());
  const std::string head = std::string("{\"kty\": \"") + internal::kPheKeyType + "\", \"key_ops\": [\"" +
                           kDecrypt + "\"], \"p\": \"";
  const std::string tail = "\", \"pub\": " + phe_public_key_json(key.public_key(), kid) +
                           ", \"kid\": " + internal::quoted(kid) + "}";
  const std::span<const char> parts[] = {head, p.span(), std::string_view("\", \"q\": \""), q.span(), tail};
  std::size_t size = 0;
  for (const auto part : parts) size += part.size();
  SecretBuffer<char> out(size);
  char* at = out.data();
  for (const auto part : parts) at = std::ranges::copy(part, at).out;
  return out;
}

}  // namespace cloister::wire
