#include "cloister/ml/logistic_trainer.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace cloister::ml {

LogisticTrainer::LogisticTrainer(const LogisticSchedule& schedule, const TrainingLayout& layout,
                                 const ckks::Evaluator& evaluator, const ckks::Encoder& encoder,
                                 const circuits::Bootstrapper* bootstrapper)
    : schedule_(&schedule),
      layout_(&layout),
      evaluator_(&evaluator),
      bootstrapper_(bootstrapper),
      levels_(level_schedule(schedule, layout.model_level, spec_of(bootstrapper),
                             evaluator.parameters().max_level())),
      gradient_(schedule.sigmoid, layout, evaluator, encoder, levels_.rows_level()) {}

LevelSchedule LogisticTrainer::level_schedule(const LogisticSchedule& schedule, int model_level,
                                              const std::optional<circuits::BootstrappingSpec>& bootstrapping,
                                              int max_level) {
  const int each = levels_per_iteration(schedule.sigmoid.degree());
  if (!bootstrapping) return LevelSchedule::within_levels(schedule.iterations(), each, model_level);
  return LevelSchedule::with_bootstraps(schedule.iterations(), each, model_level, *bootstrapping, max_level);
}

BlockRange LogisticTrainer::batch(const BlockSource& blocks, std::size_t t) const {
  const std::size_t per_block = layout_->packing.rows_per_block();
  const RowRange rows =
      batch_rows(static_cast<std::size_t>(layout_->rows), per_block, schedule_->batches, schedule_->batch[t]);
  return {rows.first / per_block, std::min(blocks.blocks(), (rows.last + per_block - 1) / per_block),
          static_cast<double>(rows.count())};
}

LogisticTrainer::State LogisticTrainer::step(const State& state, const ckks::Ciphertext& rows_sum,
                                             const BlockSource& blocks, std::size_t t,
                                             TrainingSteps& steps) const {
  const ckks::Evaluator& e = *evaluator_;
  const BlockRange rows = batch(blocks, t);
  const double momentum = schedule_->momentum[t], rate = schedule_->step[t];
  const double decay = 1 - rate * schedule_->ridge;
  const double gain = rate * layout_->state_scale * (1 + momentum) / (layout_->row_scale * rows.rows);
  const auto change =
      gradient_.gradient(state.look_ahead, rows_sum, blocks, rows, gain, [&] { steps.advance(); });
  const int end = change.level();
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

// From v = 0 the margins are 0 and the sigmoid's polynomial is 1/2: the sum over rows is all of it.
LogisticTrainer::State LogisticTrainer::first_state(const ckks::Ciphertext& rows_sum, double rows) const {
  if (schedule_->momentum[0] != 0) throw InternalError("logistic training: the first momentum is not 0");
  const double gain = schedule_->step[0] * layout_->state_scale / (layout_->row_scale * rows);
  auto first = settled(gradient_.first_gradient(rows_sum, gain, rows_sum.level() - 1), *layout_);
  auto weights = first.clone();
  return {std::move(first), std::move(weights)};
}

LogisticTrainer::State LogisticTrainer::renewed(const State& state) const {
  auto [look_ahead, weights] = bootstrapper_->bootstrap_two(*evaluator_, state.look_ahead, state.weights);
  return {settled(std::move(look_ahead), *layout_), settled(std::move(weights), *layout_)};
}

TrainingPoint LogisticTrainer::point(const State& state, std::size_t t) const {
  TrainingPoint out{t, {}};
  out.state.push_back(state.look_ahead.clone());
  out.state.push_back(state.weights.clone());
  return out;
}

LogisticTrainer::State LogisticTrainer::state_of(TrainingPoint point) const {
  check_point(point, levels_, 2);
  return {settled(std::move(point.state[0]), *layout_), settled(std::move(point.state[1]), *layout_)};
}

ckks::Ciphertext LogisticTrainer::train(const BlockSource& blocks, Progress& progress) const {
  NoJournal journal;
  return train(blocks, progress, journal);
}

ckks::Ciphertext LogisticTrainer::train(const BlockSource& blocks, Progress& progress,
                                        TrainingJournal& journal) const {
  check_blocks(blocks, *layout_);
  const ckks::Evaluator& e = *evaluator_;
  std::vector<std::uint64_t> units;  // of progress: blocks
  for (std::size_t t = 0; t < schedule_->step.size(); ++t) {
    const BlockRange range = batch(blocks, t);
    units.push_back(range.last - range.first);
  }
  TrainingSteps steps(levels_, units, layout_->weights, progress);
  // One of each batch, made when it is first asked for: the same whether a training was interrupted or not.
  std::vector<std::optional<ckks::Ciphertext>> sums(schedule_->batches);
  const auto sum_at = [&](std::size_t t) -> const ckks::Ciphertext& {
    auto& sum = sums[schedule_->batch[t]];
    if (!sum) sum = gradient_.sum_of_rows(blocks, batch(blocks, t));
    return *sum;
  };
  std::size_t t = 1;
  std::optional<State> state;
  auto kept = journal.last();
  const bool resumed = kept.has_value();
  if (kept) {
    t = kept->iterations;
    state = state_of(std::move(*kept));
  } else {
    steps.begin(0, levels_.rows_level(), false);
    state = first_state(sum_at(0), batch(blocks, 0).rows);
  }
  for (const std::size_t from = t; t < schedule_->step.size(); ++t) {
    const auto& [start, renews] = levels_.iterations[t];
    if (renews && !(resumed && t == from)) {
      steps.begin(t, start, true);
      state = renewed(*state);
      journal.keep(point(*state, t));
      steps.advance();
    }
    if (renews)
      state = State{settled(e.to_level(state->look_ahead, start), *layout_),
                    settled(e.to_level(state->weights, start), *layout_)};
    steps.begin(t, start, false);
    state = step(*state, sum_at(t), blocks, t, steps);
  }
  return std::move(state->look_ahead);
}

}  // namespace cloister::ml
