#include "cloister/ml/linear_trainer.h"

#include <optional>
#include <utility>

namespace cloister::ml {

LinearTrainer::LinearTrainer(const LinearSchedule& schedule, const TrainingLayout& layout,
                             const ckks::Evaluator& evaluator, const ckks::Encoder& encoder)
    : schedule_(&schedule),
      layout_(&layout),
      evaluator_(&evaluator),
      encoder_(&encoder),
      rotations_(evaluator, layout.rotations) {
  if (schedule.features + 1 > layout.packing.width)
    throw InternalError("linear training: the packing has no column for the target");
  if (layout.packing.strips() != 1)
    throw InternalError("linear training: rows are rotated inside themselves, so they must be whole");
}

// Column j of the result is column (j + k) mod width of the same row.
ckks::Ciphertext LinearTrainer::rotate_in_rows(const ckks::Ciphertext& rows, std::int64_t k) const {
  if (k == 0) return evaluator_->to_level(rows, rows.level() - 1);
  const StripPacking& packing = layout_->packing;
  const auto width = static_cast<std::int64_t>(packing.width);
  std::vector<double> stays(packing.slots, 0.0), wraps(packing.slots, 0.0);
  for (std::size_t i = 0; i < packing.slots; ++i)
    (static_cast<std::int64_t>(i % packing.width) < width - k ? stays : wraps)[i] = 1;
  auto out = evaluator_->multiply_lazy(rotations_.rotate(rows, k), encoder_->encode(stays, rows.level()));
  evaluator_->add_to(out, evaluator_->multiply_lazy(rotations_.rotate(rows, k - width),
                                                    encoder_->encode(wraps, rows.level())));
  return evaluator_->with_magnitude(evaluator_->rescale(std::move(out)), rows.bound.magnitude);
}

std::vector<ckks::Ciphertext> LinearTrainer::diagonals(const BlockSource& blocks, Progress& progress) const {
  const StripPacking& packing = layout_->packing;
  const std::size_t width = packing.width, half = width / 2;
  std::vector<std::optional<ckks::Ciphertext>> sums(half + 1);
  for (std::size_t b = 0; b < blocks.blocks(); ++b) {
    const ckks::Ciphertext rows = blocks.load(b, 0, levels(schedule_->iterations()) + layout_->model_level);
    const auto lower = evaluator_->to_level(rows, rows.level() - 1);
    for (std::size_t k = 0; k <= half; ++k) {
      accumulate(*evaluator_, sums[k],
                 evaluator_->multiply_lazy(lower, rotate_in_rows(rows, static_cast<std::int64_t>(k))));
      progress.update("moments", b * (half + 1) + k + 1, blocks.blocks() * (half + 1));
    }
  }
  // Rows that are not features vanish here; those left are divided by n.
  std::vector<double> keep(packing.slots, 0.0);
  for (std::size_t i = 0; i < packing.slots; ++i)
    if (i % width < schedule_->features) keep[i] = 1 / static_cast<double>(layout_->rows);
  std::vector<ckks::Ciphertext> out;
  std::vector<ckks::Ciphertext> whole;
  for (auto& sum : sums)
    whole.push_back(rotations_.sum_slots(evaluator_->finish(std::move(*sum)),
                                         static_cast<std::int64_t>(width),
                                         static_cast<std::int64_t>(packing.periods())));
  const auto mask = encoder_->encode(keep, whole.front().level());
  for (std::size_t k = 0; k < width; ++k) {
    // The matrix is symmetric: D_(f - k)[j] = D_k[j - k].
    const auto diagonal = k <= half
                              ? whole[k].clone()
                              : rotations_.rotate(whole[width - k], static_cast<std::int64_t>(k) -
                                                                        static_cast<std::int64_t>(width));
    out.push_back(ckks::Evaluator::with_magnitude(evaluator_->multiply(diagonal, mask), 1));
  }
  return out;
}

// start * b, from the column of the target: D applied to -1 at y, negated.
ckks::Ciphertext LinearTrainer::first_vector(const std::vector<ckks::Ciphertext>& diagonals) const {
  const StripPacking& packing = layout_->packing;
  const int level = diagonals.front().level();
  std::optional<ckks::Ciphertext> sum;
  for (std::size_t k = 0; k < packing.width; ++k) {
    // Column (j + k) mod width is the target's where j = features - k.
    const std::size_t j = (schedule_->features + packing.width - k) % packing.width;
    if (j >= schedule_->features) continue;
    const auto mask =
        encoder_->encode(packing.column_mask(j, schedule_->start * layout_->state_scale), level);
    accumulate(*evaluator_, sum, evaluator_->multiply_lazy(diagonals[k], mask));
  }
  return settled(evaluator_->rescale(std::move(*sum)), *layout_);
}

// factor * D (x, -state_scale at y), a level below x.
ckks::Ciphertext LinearTrainer::product(const std::vector<ckks::Ciphertext>& diagonals,
                                        const ckks::Ciphertext& x, double factor) const {
  const StripPacking& packing = layout_->packing;
  const auto extended = evaluator_->add(
      x, encoder_->encode(packing.column_mask(schedule_->features, -layout_->state_scale), x.level()));
  std::optional<ckks::Ciphertext> sum;
  for (std::size_t k = 0; k < packing.width; ++k) {
    accumulate(*evaluator_, sum,
               evaluator_->multiply_lazy(evaluator_->scale_to_level(diagonals[k], factor, x.level()),
                                         rotations_.rotate(extended, static_cast<std::int64_t>(k))));
  }
  return evaluator_->finish(std::move(*sum));
}

ckks::Ciphertext LinearTrainer::train(const BlockSource& blocks, Progress& progress) const {
  check_blocks(blocks, *layout_);
  const auto d = diagonals(blocks, progress);
  auto x = first_vector(d);
  std::optional<ckks::Ciphertext> before;
  const std::size_t iterations = schedule_->step.size();
  for (std::size_t k = 0; k < iterations; ++k) {
    const double step = schedule_->step[k], momentum = schedule_->momentum[k];
    const int level = x.level() - 1;
    auto next = product(d, x, -step);
    evaluator_->add_to(next, evaluator_->scale_to_level(x, 1 + momentum - step * schedule_->ridge, level));
    if (before && momentum != 0)
      next = evaluator_->sub(next, evaluator_->scale_to_level(*before, momentum, level));
    before = std::move(x);
    x = settled(std::move(next), *layout_);
    progress.update("train", k + 1, iterations);
  }
  return x;
}

}  // namespace cloister::ml
