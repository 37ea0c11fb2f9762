#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

// A side that is written in C++: see protocol.py, which says what is asked.

struct Outcome {
  double error = 0, bound = 0;
};

/// One timed repetition, and what came of the last one.
struct Operation {
  std::function<std::uint64_t()> run_ns;
  std::function<Outcome()> check;
};
/// What both languages make operands of: a linear congruential generator's upper bits.
inline std::uint64_t chance(std::uint64_t i) {
  return (i + 1) * 6364136223846793005ULL + 1442695040888963407ULL;
}

using OperationTable = std::map<std::string, Operation>;

/// What an operation returns stays until the next one has returned: allocating the result is timed, and so is
/// giving back the one before it.
template <typename Result, typename Work>
std::uint64_t timed(std::optional<Result>& result, Work work) {
  const auto start = std::chrono::steady_clock::now();
  result = work();
  const auto end = std::chrono::steady_clock::now();
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(end - start).count());
}

inline nlohmann::json answer(const std::string& line, const nlohmann::json& info, const nlohmann::json& sizes,
                             const OperationTable& operations) {
  using nlohmann::json;
  std::istringstream words(line);
  std::string verb, name;
  words >> verb;
  if (verb == "info") return info;
  if (verb == "sizes") return sizes;
  if (verb == "operations") {
    json names = json::array();
    for (const auto& [operation, _] : operations) names.push_back(operation);
    return {{"operations", names}};
  }
  words >> name;
  const auto found = operations.find(name);
  if (found == operations.end()) throw std::invalid_argument("there is no operation '" + name + "'");
  if (verb == "check") {
    const Outcome outcome = found->second.check();
    return {{"error", outcome.error}, {"bound", outcome.bound}};
  }
  int count = 0;
  if (verb != "run" || !(words >> count) || count < 1)
    throw std::invalid_argument("'" + line + "' is no request; see bench/compare/protocol.py");
  json ns = json::array();
  for (int i = 0; i < count; ++i) ns.push_back(found->second.run_ns());
  return {{"ns", ns}};
}

/// Answers requests from standard input, a line each, until "quit": one JSON object a line, {"failed": why}
/// for what cannot be answered.
inline void serve(const nlohmann::json& info, const nlohmann::json& sizes, const OperationTable& operations) {
  for (std::string line; std::getline(std::cin, line) && line != "quit";) {
    nlohmann::json reply;
    try {
      reply = answer(line, info, sizes, operations);
    } catch (const std::exception& e) {
      reply = {{"failed", e.what()}};
    }
    std::cout << reply.dump() << std::endl;
  }
}
