#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace cloister::wire::internal {

/// What from outside is no JSON of the form that is due. It quotes nothing of the text.
[[noreturn]] void fail_json(const std::string& what, const std::string& problem);

/// Parses foreign JSON. The caller has bounded the text's length; the result takes a few times as much.
/// Errors: kDataLoss (not JSON, nested deeper than 4, a field given twice).
nlohmann::json parse_bounded_json(std::string_view text, const std::string& what);

/// The field of an object. Errors: kDataLoss, naming it, if it is not there.
const nlohmann::json& require_field(const nlohmann::json& object, const char* name, const std::string& what);
/// A field that is text. Errors: kDataLoss, naming it.
const std::string& require_text(const nlohmann::json& object, const char* name, const std::string& what);

}  // namespace cloister::wire::internal
