#include "cloister/ml/linear_trainer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "cloister/ml/training_steps.h"

namespace cloister::ml {

LinearTrainer::LinearTrainer(const LinearSchedule& schedule, const TrainingLayout& layout,
                             const ckks::Evaluator& evaluator, const ckks::Encoder& encoder,
                             const circuits::Bootstrapper* bootstrapper)
    : schedule_(&schedule),
      layout_(&layout),
      evaluator_(&evaluator),
      encoder_(&encoder),
      rotations_(evaluator, layout.rotations),
      bootstrapper_(bootstrapper),
      levels_(level_schedule(schedule, layout.model_level, spec_of(bootstrapper),
                             evaluator.parameters().max_level())) {
  if (schedule.features + 1 > layout.packing.width)
    throw InternalError("linear training: the packing has no column for the target");
  if (bootstrapper_ == nullptr) return;
  const LinearStateBounds bounds = linear_state_bounds(schedule);
  change_scale_ = bounds.change_scale();
  largest_change_ = bounds.largest_change();
}

LevelSchedule LinearTrainer::level_schedule(const LinearSchedule& schedule, int model_level,
                                            const std::optional<circuits::BootstrappingSpec>& bootstrapping,
                                            int max_level) {
  const int products = schedule.iterations();
  if (!bootstrapping) {
    auto out = LevelSchedule::within_levels(products + 1, 1, model_level);
    out.iterations.front().start = model_level + levels(products);
    return out;
  }
  auto out = LevelSchedule::in_runs(products + 1, {.first = kFirstLevels,
                                                   .each = 1,
                                                   .least_end = bootstrapping->slots_to_coefficients,
                                                   .top = max_level - kFirstLevels,
                                                   .max_level = max_level,
                                                   .model_level = model_level});
  // The matrix has to be above every run, the first of which may be short.
  for (std::size_t t = 1; t < out.iterations.size(); ++t)
    out.iterations.front().start =
        std::max(out.iterations.front().start, out.iterations[t].start + kFirstLevels);
  return out;
}

// factor * (A x - b), state_scale times, a level below x.
ckks::Ciphertext LinearTrainer::gradient(const MomentMatrix& moments, const ckks::Ciphertext& x,
                                         double factor) const {
  const auto target = layout_->packing.column_mask(schedule_->features, -layout_->state_scale);
  return moments.product(evaluator_->add(x, encoder_->encode(target, x.level())), factor);
}

// x_{k+1} from x_k and x_{k-1}.
LinearTrainer::State LinearTrainer::step(const MomentMatrix& moments, State state, std::size_t k) const {
  const ckks::Evaluator& e = *evaluator_;
  const double step = schedule_->step[k], momentum = schedule_->momentum[k];
  const int level = state.x.level() - 1;
  auto next = gradient(moments, state.x, -step);
  e.add_to(next, e.scale_to_level(state.x, 1 + momentum - step * schedule_->ridge, level));
  if (state.before && momentum != 0) next = e.sub(next, e.scale_to_level(*state.before, momentum, level));
  return {settled(std::move(next), *layout_), std::move(state.x)};
}

ckks::Ciphertext LinearTrainer::within_change_bound(ckks::Ciphertext change) const {
  // The errors of both vectors that it is the difference of, and what the schedule proves of its size.
  const double s = layout_->state_scale * change_scale_;
  return ckks::Evaluator::with_bound(std::move(change),
                                     {s * largest_change_, 2 * s * layout_->weights.error});
}

TrainingPoint LinearTrainer::renewed(const State& state, std::size_t t) const {
  const ckks::Evaluator& e = *evaluator_;
  const auto change = within_change_bound(
      e.multiply_integer(e.sub(state.x, e.to_level(*state.before, state.x.level())), change_scale_));
  auto [x, scaled_change] = bootstrapper_->bootstrap_two(e, state.x, change);
  TrainingPoint point{t, {}};
  point.state.push_back(settled(std::move(x), *layout_));
  point.state.push_back(within_change_bound(std::move(scaled_change)));
  return point;
}

LinearTrainer::State LinearTrainer::lowered(const TrainingPoint& point, int level) const {
  const ckks::Evaluator& e = *evaluator_;
  auto x = settled(e.to_level(point.state[0], level), *layout_);
  auto before =
      e.sub(x, e.scale_to_level(within_change_bound(point.state[1].clone()), 1.0 / change_scale_, level));
  return {std::move(x), settled(std::move(before), *layout_)};
}

ckks::Ciphertext LinearTrainer::train(const BlockSource& blocks, Progress& progress) const {
  NoJournal journal;
  return train(blocks, progress, journal);
}

ckks::Ciphertext LinearTrainer::train(const BlockSource& blocks, Progress& progress,
                                      TrainingJournal& journal) const {
  check_blocks(blocks, *layout_);
  auto point = journal.last();
  if (point) check_point(*point, levels_, 2);
  const MomentMatrix moments(blocks, levels_.rows_level(), schedule_->features, *layout_, *evaluator_,
                             *encoder_, rotations_, progress, bootstrapper_ == nullptr ? 1 : kEntryScale);
  TrainingSteps steps(levels_, std::vector<std::uint64_t>(levels_.iterations.size(), 1), layout_->weights,
                      progress, 1);
  std::size_t t = 1;
  std::optional<State> state;
  if (point) {
    t = point->iterations;
  } else {
    // start * b
    auto x = moments.column(schedule_->features, schedule_->start * layout_->state_scale);
    if (levels_.iterations.size() > 1) x = evaluator_->to_level(x, levels_.iterations[1].start);
    state = State{settled(std::move(x), *layout_), {}};
  }
  for (; t < levels_.iterations.size(); ++t) {
    const auto& [start, renews] = levels_.iterations[t];
    if (renews) {
      if (!point) {
        steps.begin(t, start, true);
        point = renewed(*state, t);
        journal.keep(*point);
      }
      state = lowered(*point, start);
      point.reset();
    }
    steps.begin(t, start, false);
    state = step(moments, std::move(*state), t - 1);
    steps.advance();
  }
  return std::move(state->x);
}

}  // namespace cloister::ml
