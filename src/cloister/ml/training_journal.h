#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "cloister/ckks/ciphertext.h"

namespace cloister::ml {

/// Where a training is between two iterations: what it needs to go on, besides its plan, rows and keys.
struct TrainingPoint {
  std::size_t iterations = 0;  ///< that are finished
  std::vector<ckks::Ciphertext> state;
};

/// Where the points of a training are kept, so that one that was killed goes on from the last of them, and
/// comes to the same model to the bit.
class TrainingJournal {
 public:
  virtual ~TrainingJournal() = default;
  /// The last point that was kept, if any. Asked once, before the first is kept.
  virtual std::optional<TrainingPoint> last() = 0;
  virtual void keep(const TrainingPoint& point) = 0;
};

/// For trainings that are short, or that nobody goes on with.
class NoJournal final : public TrainingJournal {
 public:
  std::optional<TrainingPoint> last() override { return std::nullopt; }
  void keep(const TrainingPoint&) override {}
};

}  // namespace cloister::ml
