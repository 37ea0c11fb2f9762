#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/rotation_basis.h"
#include "cloister/ml/strip_packing.h"

namespace cloister::ml {

/// What encrypted training and prediction need to know of how things lie and how large they get; all of it
/// is public and part of the plan.
struct TrainingLayout {
  StripPacking packing;
  std::uint64_t rows = 0;  ///< n, of all blocks together
  ckks::RotationBasis rotations;
  double state_scale = 1;  ///< weights travel as this times themselves: less noise where they act
  double row_scale = 1;    ///< rows to train on travel as this times themselves; those to predict as they are
  /// Of every ciphertext of weights, in units of weights: what the plan proves of their size and error.
  ckks::ValueBound weights;
  double margin_scale = 1;  ///< predictions travel divided by this
  int model_level = 2;      ///< where training ends, so that prediction has its two levels
};

/// Where encrypted rows come from, a strip of a block at a time, as often as they are asked for: a file that
/// is streamed, so that memory does not grow with the table.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  virtual std::size_t blocks() const = 0;
  /// At the level and scale at which rows come; at less than that level, only the limbs of `level` and the
  /// same scale, for Evaluator::add_product.
  virtual ckks::Ciphertext load(std::size_t block, std::size_t strip, int level) const = 0;
};

/// The strips of a block, loaded when they are asked for, so that memory holds one of them. That one stays: a
/// pass there and back loads each of n strips but the last twice.
class BlockStrips {
 public:
  BlockStrips(const BlockSource& source, std::size_t block, std::size_t count)
      : source_(&source), block_(block), count_(count) {}

  std::size_t size() const noexcept { return count_; }
  /// At `level` at least (see BlockSource). Valid until another one is asked for.
  const ckks::Ciphertext& strip(std::size_t j, int level);

 private:
  const BlockSource* source_;
  std::size_t block_, count_;
  std::size_t loaded_ = 0;
  std::optional<ckks::Ciphertext> last_;
};

/// Which rotations have a key, of those by multiples of the powers of four that sums over slots are made of.
enum class RotationKeys {
  kFew,         ///< by one: the fewest bytes, a half more rotations than kBinary
  kBinary,      ///< by one and two
  kQuaternary,  ///< by one, two and three, which are done at once (Rotations::add_rotations): the least time
};
inline constexpr std::array kRotationKeys{RotationKeys::kFew, RotationKeys::kBinary,
                                          RotationKeys::kQuaternary};
std::string_view to_string(RotationKeys keys) noexcept;
/// Throws ParametersError for another name.
RotationKeys rotation_keys_from(std::string_view name);

/// The rotations that prediction is made of: sums over a row's slots and, with encrypted weights, those that
/// meet the strips. And those of training besides: spreads over a row, strips that are rotated back one by
/// one, sums over periods.
ckks::RotationBasis rotation_basis(const StripPacking& packing, RotationKeys keys, bool trains);

/// Throws MismatchError unless there are as many blocks as the layout's rows fill.
void check_blocks(const BlockSource& blocks, const TrainingLayout& layout);

/// Weights with the plan's bound on them in place of what the operations summed up: see ml/noise_model.h.
ckks::Ciphertext settled(ckks::Ciphertext weights, const TrainingLayout& layout);

/// sum += term, where the first term starts the sum.
void accumulate(const ckks::Evaluator& evaluator, std::optional<ckks::Ciphertext>& sum,
                ckks::Ciphertext term);

/// Levels that a prediction consumes: a product and a mask.
inline constexpr int kPredictionLevels = 2;

}  // namespace cloister::ml
