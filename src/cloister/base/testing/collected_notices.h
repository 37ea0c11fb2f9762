#pragma once

#include <string>

#include "cloister/base/notices.h"

namespace cloister {

/// Keeps what is said, for tests to read.
class CollectedNotices final : public Notices {
 public:
  void say(const std::string& sentence) noexcept override { all += sentence + "\n"; }
  bool has(const std::string& part) const { return all.find(part) != std::string::npos; }

  std::string all;
};

}  // namespace cloister
