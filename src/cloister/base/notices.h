#pragma once

#include <string>

namespace cloister {

/// Receives sentences about a call that succeeds otherwise than was to be expected (a damaged file was passed
/// over, a cache could not be made), for a person to read. Implementations must not throw.
class Notices {
 public:
  virtual ~Notices() = default;
  virtual void say(const std::string& sentence) noexcept = 0;
};

/// Ignores everything.
class NoNotices final : public Notices {
 public:
  void say(const std::string&) noexcept override {}
};

}  // namespace cloister
