#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace cloister::wire {

/// What python-paillier's command line wrote once: tests/vectors/phe_kat.py.
inline const nlohmann::json& phe_answers() {
  static const nlohmann::json answers =
      nlohmann::json::parse(std::ifstream(std::string(CLOISTER_VECTORS) + "/phe_kat.json"));
  return answers;
}
/// Without the line's end.
inline std::string phe_answer(const char* name) {
  auto text = phe_answers()[name].get<std::string>();
  text.erase(text.find_last_not_of('\n') + 1);
  return text;
}

/// `text` with the first `from` replaced.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

}  // namespace cloister::wire
