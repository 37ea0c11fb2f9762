#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "cloister/base/error.h"
#include "cloister/math/big_integer.h"
#include "cloister/wire/internal/bounded_json.h"

namespace cloister::wire::internal {

inline constexpr const char* kPheKeyType = "DAJ";
inline constexpr const char* kPheAlgorithm = "PAI-GN1";
inline constexpr const char* kPheEncrypt = "encrypt";

/// What a string of the JSON stands for: itself, or the secret that was taken out of its place.
using Resolver = std::function<std::string_view(const std::string&)>;

/// A number > 0 of at most a modulus's length: big-endian bytes, the first not 0, in base64url.
/// Errors: kDataLoss, naming the field.
BigInteger phe_integer(const nlohmann::json& object, const char* name, const std::string& what,
                       const Resolver& resolve);
/// Throws kDataLoss unless this is the object of a key of this kind for this operation.
void check_phe_key(const nlohmann::json& object, const char* operation, const std::string& what);
/// The n of a public key's object.
BigInteger phe_modulus(const nlohmann::json& object, const std::string& what, const Resolver& resolve);

/// Makes a key of foreign numbers: what is wrong with them is then wrong with the bytes (kDataLoss).
template <typename Make>
auto make_foreign_key(const std::string& what, const Make& make) {
  try {
    return make();
  } catch (const ParametersError& e) {
    fail_json(what, e.what());
  }
}

/// A text as a JSON string, quotes included.
std::string quoted(std::string_view text);

}  // namespace cloister::wire::internal
