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
}

// factor * (A x - b), state_scale times, a level below x.
ckks::Ciphertext LinearTrainer::gradient(const MomentMatrix& moments, const ckks::Ciphertext& x,
                                         double factor) const {
  const auto target = layout_->packing.column_mask(schedule_->features, -layout_->state_scale);
  return moments.product(evaluator_->add(x, encoder_->encode(target, x.level())), factor);
}

ckks::Ciphertext LinearTrainer::train(const BlockSource& blocks, Progress& progress) const {
  check_blocks(blocks, *layout_);
  const MomentMatrix moments(blocks, levels(schedule_->iterations()) + layout_->model_level,
                             schedule_->features, *layout_, *evaluator_, *encoder_, rotations_, progress);
  // start * b
  auto x = settled(moments.column(schedule_->features, schedule_->start * layout_->state_scale), *layout_);
  std::optional<ckks::Ciphertext> before;
  const std::size_t iterations = schedule_->step.size();
  for (std::size_t k = 0; k < iterations; ++k) {
    const double step = schedule_->step[k], momentum = schedule_->momentum[k];
    const int level = x.level() - 1;
    auto next = gradient(moments, x, -step);
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
