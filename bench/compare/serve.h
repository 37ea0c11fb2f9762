#pragma once

#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

/// Answers requests from standard input, a line each, until "quit": one JSON object a line, {"failed": why}
/// for what answer(line) throws. See protocol.py, which asks.
template <typename Answer>
void serve(const Answer& answer) {
  for (std::string line; std::getline(std::cin, line) && line != "quit";) {
    nlohmann::json reply;
    try {
      reply = answer(line);
    } catch (const std::exception& e) {
      reply = {{"failed", e.what()}};
    }
    std::cout << reply.dump() << std::endl;
  }
}
