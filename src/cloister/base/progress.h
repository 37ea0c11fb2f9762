#pragma once

#include <cstdint>
#include <string_view>

namespace cloister {

/// Receives how far a long call has come, and may ask it to stop. Called from the thread that made
/// the call; implementations must return quickly.
class Progress {
 public:
  virtual ~Progress() = default;
  /// `done` of `total` units of `stage` are finished. Throwing from here stops the call; what it had
  /// written under a final name stays whole.
  virtual void update(std::string_view stage, std::uint64_t done, std::uint64_t total) = 0;
  /// Where the stage is, in words for a person ("iteration 3 of 50, level 9"), until the next note or stage.
  virtual void note(std::string_view) {}
};

/// Ignores everything: for callers that want no progress.
class NoProgress final : public Progress {
 public:
  void update(std::string_view, std::uint64_t, std::uint64_t) override {}
};

}  // namespace cloister
