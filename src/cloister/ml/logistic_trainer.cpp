#include "cloister/ml/logistic_trainer.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace cloister::ml {

CubicFactors factor_monic_cubic(double b, double c, double d) {
  const auto f = [&](double y) { return ((y + b) * y + c) * y + d; };
  // A root lies within Cauchy's bound; bisection to the last bit.
  double low = -1 - std::max({std::abs(b), std::abs(c), std::abs(d)}), high = -low;
  for (int i = 0; i < 2000 && std::nextafter(low, high) < high; ++i) {
    const double middle = low + (high - low) / 2;
    (f(middle) < 0 ? low : high) = middle;
  }
  const double y = std::abs(f(low)) < std::abs(f(high)) ? low : high;
  // Division by (y - root): y^2 + (b + root) y + (c + root (b + root)).
  return {-y, b + y, c + y * (b + y)};
}

LogisticTrainer::LogisticTrainer(const LogisticSchedule& schedule, const TrainingLayout& layout,
                                 const ckks::Evaluator& evaluator, const ckks::Encoder& encoder)
    : schedule_(&schedule),
      layout_(&layout),
      evaluator_(&evaluator),
      encoder_(&encoder),
      rotations_(evaluator, layout.rotations) {
  levels_per_iteration(schedule.sigmoid.degree());  // refuses other degrees
  if (schedule.batches != 1)
    throw ParametersError("logistic training: mini-batches are not available on encrypted rows");
  double power = schedule.sigmoid.range;
  for (int k = 1; k <= schedule.sigmoid.degree(); k += 2) {
    odd_.push_back(schedule.sigmoid.power[static_cast<std::size_t>(k)] * power);
    power *= schedule.sigmoid.range * schedule.sigmoid.range;
  }
}

int LogisticTrainer::levels_per_iteration(int degree) {
  switch (degree) {
    case 3:
      return 4;
    case 5:
    case 7:
      return 5;
    default:
      throw ParametersError("logistic training: the sigmoid's degree is " + std::to_string(degree) +
                            "; 3, 5 and 7 are available");
  }
}

ckks::Ciphertext LogisticTrainer::sum_of_rows(const BlockSource& blocks) const {
  ckks::Ciphertext sum = blocks.load(0);
  for (std::size_t b = 1; b < blocks.blocks(); ++b) evaluator_->add_to(sum, blocks.load(b));
  const RowPacking& packing = layout_->packing;
  return rotations_.sum_slots(sum, static_cast<std::int64_t>(packing.width),
                              static_cast<std::int64_t>(packing.rows_per_ciphertext()));
}

ckks::Ciphertext LogisticTrainer::scaled_margins(const ckks::Ciphertext& rows,
                                                 const ckks::Ciphertext& look_ahead,
                                                 const ckks::Plaintext& mask) const {
  const auto width = static_cast<std::int64_t>(layout_->packing.width);
  const auto products = evaluator_->multiply(evaluator_->to_level(rows, look_ahead.level()), look_ahead);
  const auto sums = rotations_.sum_slots(products, 1, width);
  const auto kept = evaluator_->multiply(sums, mask);
  // The plan's word: margins stay within the polynomial's range.
  return ckks::Evaluator::with_magnitude(rotations_.sum_slots(kept, -1, width), 1);
}

// gain * x * q(R u), product scale, three parts; levels_per_iteration - 3 below u after its rescaling.
ckks::Ciphertext LogisticTrainer::odd_part_lazy(const ckks::Ciphertext& rows, const ckks::Ciphertext& u,
                                                double gain) const {
  const ckks::Evaluator& e = *evaluator_;
  const double lead = odd_.back();
  const auto led = e.multiply(e.scale_to_level(rows, gain * lead, u.level()), u);
  const auto u2 = e.square(u);
  if (odd_.size() == 2) return e.multiply_lazy(led, e.add(u2, odd_[0] / lead));
  const auto quadratic = [&](double p, double q) {
    return e.add(e.add(e.square(u2), e.scale_to_level(u2, p, u2.level() - 1)), q);
  };
  if (odd_.size() == 3) return e.multiply_lazy(led, quadratic(odd_[1] / lead, odd_[0] / lead));
  const CubicFactors f = factor_monic_cubic(odd_[2] / lead, odd_[1] / lead, odd_[0] / lead);
  return e.multiply_lazy(e.multiply(led, e.add(u2, f.root)), quadratic(f.p, f.q));
}

LogisticTrainer::State LogisticTrainer::step(const State& state, const ckks::Ciphertext& rows_sum,
                                             const BlockSource& blocks, std::size_t t,
                                             Progress& progress) const {
  const ckks::Evaluator& e = *evaluator_;
  const double momentum = schedule_->momentum[t], rate = schedule_->step[t];
  const double decay = 1 - rate * schedule_->ridge;
  const double gain = rate * layout_->state_scale / static_cast<double>(layout_->rows) * (1 + momentum);
  const int start = state.look_ahead.level();
  const int end = start - levels_per_iteration(schedule_->sigmoid.degree());
  if (end < 0) throw LevelExhaustedError("logistic training", start, start - end);

  const auto mask = encoder_->encode(
      layout_->packing.column_mask(0, 1 / (layout_->state_scale * schedule_->sigmoid.range)), start - 1);
  std::optional<ckks::Ciphertext> sum;
  for (std::size_t b = 0; b < blocks.blocks(); ++b) {
    const ckks::Ciphertext rows = blocks.load(b);
    accumulate(e, sum, odd_part_lazy(rows, scaled_margins(rows, state.look_ahead, mask), -gain));
    progress.update("train", t * blocks.blocks() + b + 1, schedule_->step.size() * blocks.blocks());
  }
  const RowPacking& packing = layout_->packing;
  auto change = rotations_.sum_slots(e.finish(std::move(*sum)), static_cast<std::int64_t>(packing.width),
                                     static_cast<std::int64_t>(packing.rows_per_ciphertext()));
  e.add_to(change, e.scale_to_level(rows_sum, 0.5 * gain, end));

  auto look_ahead = e.add(e.scale_to_level(state.look_ahead, (1 + momentum) * decay, end), change);
  if (momentum == 0) {
    look_ahead = settled(std::move(look_ahead), *layout_);
    auto weights = look_ahead.clone();
    return {std::move(look_ahead), std::move(weights)};
  }
  look_ahead = e.sub(look_ahead, e.scale_to_level(state.weights, momentum, end));
  auto weights = e.add(e.scale_to_level(state.look_ahead, decay, end - 1),
                       e.scale_to_level(change, 1 / (1 + momentum), end - 1));
  return {settled(std::move(look_ahead), *layout_), settled(std::move(weights), *layout_)};
}

ckks::Ciphertext LogisticTrainer::train(const BlockSource& blocks, Progress& progress) const {
  check_blocks(blocks, *layout_);
  const auto rows_sum = sum_of_rows(blocks);
  // From v = 0 the margins are 0 and the sigmoid's polynomial is 1/2: the sum over rows is all of it.
  const double gain = schedule_->step[0] * layout_->state_scale / static_cast<double>(layout_->rows);
  auto first = settled(evaluator_->scale_to_level(rows_sum, 0.5 * gain, rows_sum.level() - 1), *layout_);
  if (schedule_->momentum[0] != 0) throw InternalError("logistic training: the first momentum is not 0");
  progress.update("train", blocks.blocks(), schedule_->step.size() * blocks.blocks());
  auto weights = first.clone();
  State state{std::move(first), std::move(weights)};
  for (std::size_t t = 1; t < schedule_->step.size(); ++t) state = step(state, rows_sum, blocks, t, progress);
  return std::move(state.look_ahead);
}

}  // namespace cloister::ml
