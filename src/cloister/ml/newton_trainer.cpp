#include "cloister/ml/newton_trainer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "cloister/base/error.h"

namespace cloister::ml {

NewtonTrainer::NewtonTrainer(const NewtonSchedule& schedule, const TrainingLayout& layout,
                             const ckks::Evaluator& evaluator, const ckks::Encoder& encoder,
                             const circuits::Bootstrapper* bootstrapper)
    : schedule_(&schedule),
      layout_(&layout),
      evaluator_(&evaluator),
      encoder_(&encoder),
      rotations_(evaluator, layout.rotations),
      bootstrapper_(bootstrapper),
      levels_(level_schedule(schedule, layout.model_level, spec_of(bootstrapper),
                             evaluator.parameters().max_level())),
      gradient_(schedule.sigmoid, layout, evaluator, encoder, levels_.rows_level()),
      largest_direction_(newton_bounds(schedule).direction) {
  if (layout.packing.strips() != 1)
    throw InternalError("newton training: rows are rotated inside themselves, so they must be whole");
}

namespace {

LevelSchedule::Runs runs_of(const NewtonSchedule& schedule, int model_level,
                            const circuits::BootstrappingSpec& spec, int max_level) {
  return {.first = NewtonTrainer::levels_of_first(schedule),
          .each = NewtonTrainer::levels_per_iteration(schedule),
          .least_end = std::max(spec.slots_to_coefficients, model_level),
          .top = max_level - spec.repetition_levels(),
          .max_level = max_level,
          .model_level = model_level};
}

}  // namespace

LevelSchedule NewtonTrainer::level_schedule(const NewtonSchedule& schedule, int model_level,
                                            const std::optional<circuits::BootstrappingSpec>& bootstrapping,
                                            int max_level) {
  if (!bootstrapping) {
    auto out = LevelSchedule::within_levels(schedule.iterations, levels_per_iteration(schedule), model_level);
    out.iterations.front().start = model_level + levels(schedule);
    return out;
  }
  auto out =
      LevelSchedule::in_runs(schedule.iterations, runs_of(schedule, model_level, *bootstrapping, max_level));
  for (const auto& iteration : out.iterations)
    out.iterations.front().start = std::max(out.iterations.front().start, iteration.start);
  return out;
}

int NewtonTrainer::levels_for_runs(const NewtonSchedule& schedule, int run, int model_level,
                                   const circuits::BootstrappingSpec& spec) {
  return std::max(spec.slots_to_coefficients, model_level) +
         std::max(run * levels_per_iteration(schedule) + spec.repetition_levels(), levels_of_first(schedule));
}

BlockRange NewtonTrainer::all_blocks(const BlockSource& blocks) const {
  return {0, blocks.blocks(), static_cast<double>(layout_->rows)};
}

// p_k from h = p_0, which lies below the matrix.
ckks::Ciphertext NewtonTrainer::direction(const MomentMatrix& moments, const ckks::Ciphertext& start,
                                          TrainingSteps& steps) const {
  const ckks::Evaluator& e = *evaluator_;
  const LinearSchedule& solve = schedule_->solve;
  const double largest = layout_->state_scale * largest_direction_;
  auto p = ckks::Evaluator::with_magnitude(start.clone(), largest);
  std::optional<ckks::Ciphertext> before;
  for (std::size_t j = 0; j < solve.step.size(); ++j) {
    const double step = solve.step[j], momentum = solve.momentum[j];
    const int level = p.level() - 1;
    auto next = moments.product(p, -step);
    e.add_to(next, e.scale_to_level(p, 1 + momentum - step * solve.ridge, level));
    e.add_to(next, e.scale_to_level(start, step / solve.start, level));
    if (before) next = e.sub(next, e.scale_to_level(*before, momentum, level));
    before = std::move(p);
    p = ckks::Evaluator::with_magnitude(std::move(next), largest);
    steps.advance();
  }
  return p;
}

ckks::Ciphertext NewtonTrainer::train(const BlockSource& blocks, Progress& progress,
                                      TrainingJournal& journal) const {
  check_blocks(blocks, *layout_);
  const ckks::Evaluator& e = *evaluator_;
  auto kept = journal.last();
  std::size_t t = kept ? kept->iterations : 0;
  const bool resumed = kept.has_value();
  std::optional<ckks::Ciphertext> w;
  if (kept) {
    check_point(*kept, levels_, 1);
    w = settled(std::move(kept->state.front()), *layout_);
  }

  const BlockRange range = all_blocks(blocks);
  const MomentMatrix moments(blocks, levels_.rows_level(), schedule_->features, *layout_, e, *encoder_,
                             rotations_, progress, kEntryScale);
  const auto rows_sum = gradient_.sum_of_rows(blocks, range);
  // What the solution starts from: start * step / c times the gradient.
  const double rate = schedule_->solve.start * schedule_->step / schedule_->curvature;
  const double gain = rate * layout_->state_scale / (layout_->row_scale * range.rows);
  // A block of an iteration, and a product. The first iteration has no pass over the rows.
  const auto products = static_cast<std::uint64_t>(schedule_->solve.iterations());
  std::vector<std::uint64_t> units(levels_.iterations.size(), blocks.blocks() + products);
  units.front() = products;
  TrainingSteps steps(levels_, units, layout_->weights, progress);
  for (const std::size_t from = t; t < levels_.iterations.size(); ++t) {
    const auto& [start, renews] = levels_.iterations[t];
    if (t == 0) {
      steps.begin(t, start, false);
      w = settled(direction(moments, gradient_.first_gradient(rows_sum, gain, moments.level() - 1), steps),
                  *layout_);
      continue;
    }
    if (renews && !(resumed && t == from)) {
      steps.begin(t, start, true);
      w = settled(bootstrapper_->bootstrap(e, *w), *layout_);
      TrainingPoint point{t, {}};
      point.state.push_back(w->clone());
      journal.keep(point);
      steps.advance();
    }
    if (w->level() > start) w = settled(e.to_level(*w, start), *layout_);
    steps.begin(t, start, false);
    auto h = gradient_.gradient(*w, rows_sum, blocks, range, gain, [&] { steps.advance(); });
    if (schedule_->ridge > 0) e.add_to(h, e.scale_to_level(*w, -rate * schedule_->ridge, h.level()));
    auto p = direction(moments, std::move(h), steps);
    const int level = p.level();
    w = settled(e.add(e.to_level(*w, level), p), *layout_);
  }
  return e.to_level(*w, layout_->model_level);
}

}  // namespace cloister::ml
