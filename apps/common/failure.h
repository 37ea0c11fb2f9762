#pragma once

#include <string>

#include "cloister/base/error.h"

namespace cloister::app {

/// What ended a program early, in the words of base/error.h's table.
struct Failure {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
};

/// The exception being handled, whatever threw it. Call it in a catch block.
Failure current_failure();

}  // namespace cloister::app
