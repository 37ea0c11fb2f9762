#include "cloister/wire/internal/phe_fields.h"

#include <algorithm>

#include "cloister/paillier/public_key.h"
#include "cloister/wire/internal/base64url.h"

namespace cloister::wire::internal {

BigInteger phe_integer(const nlohmann::json& object, const char* name, const std::string& what,
                       const Resolver& resolve) {
  constexpr std::size_t kMaxBytes = paillier::kMaxModulusBits / 8;
  const std::string field = std::string("the field \"") + name + "\" ";
  const std::string_view text = resolve(require_text(object, name, what));
  if (text.size() > (kMaxBytes * 4 + 2) / 3)
    fail_json(what, field + "is longer than the largest key's; at most " +
                        std::to_string(paillier::kMaxModulusBits) + " bits are supported");
  const auto bytes = from_base64url(text);
  if (!bytes) fail_json(what, field + "is not base64url without padding");
  if (bytes->span().front() == 0) fail_json(what, field + "is zero or starts with a zero byte");
  return BigInteger::from_bytes(bytes->span());
}

void check_phe_key(const nlohmann::json& object, const char* operation, const std::string& what) {
  if (require_text(object, "kty", what) != kPheKeyType)
    fail_json(what, std::string("the field \"kty\" is not \"") + kPheKeyType +
                        "\": this is no key of python-paillier");
  const auto& operations = require_field(object, "key_ops", what);
  if (!operations.is_array() ||
      std::ranges::none_of(operations, [&](const auto& o) { return o.is_string() && o == operation; }))
    fail_json(what, std::string("the field \"key_ops\" does not list \"") + operation + "\"");
}

BigInteger phe_modulus(const nlohmann::json& object, const std::string& what, const Resolver& resolve) {
  check_phe_key(object, kPheEncrypt, what);
  if (require_text(object, "alg", what) != kPheAlgorithm)
    fail_json(what, std::string("the field \"alg\" is not \"") + kPheAlgorithm + "\"");
  return phe_integer(object, "n", what, resolve);
}

std::string quoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace cloister::wire::internal
