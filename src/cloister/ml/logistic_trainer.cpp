#include "cloister/ml/logistic_trainer.h"

#include <cmath>
#include <optional>
#include <utility>

namespace cloister::ml {

LogisticTrainer::LogisticTrainer(const LogisticSchedule& schedule, const TrainingLayout& layout,
                                 const ckks::Evaluator& evaluator, const ckks::Encoder& encoder)
    : schedule_(&schedule),
      layout_(&layout),
      evaluator_(&evaluator),
      encoder_(&encoder),
      rotations_(evaluator, layout.rotations),
      sums_(layout.packing, evaluator, rotations_),
      rows_level_(layout.model_level + levels(schedule.sigmoid.degree(), schedule.iterations())) {
  if (schedule.batches != 1)
    throw ParametersError("logistic training: mini-batches are not available on encrypted rows");
}

LogisticTrainer::Variable LogisticTrainer::variable(int weights_level) const {
  const double range = schedule_->sigmoid.range;
  const double unit = layout_->packing.row_slots > 1
                          ? 1.0  // the mask divides by whatever is due
                          : layout_->state_scale * layout_->row_scale * range *
                                evaluator_->scale_ratio(rows_level_, weights_level);
  std::vector<double> odd;
  for (int k = 1; k <= schedule_->sigmoid.degree(); k += 2)
    odd.push_back(schedule_->sigmoid.power[static_cast<std::size_t>(k)] * std::pow(range / unit, k));
  return {unit, OddPolynomial(std::move(odd))};
}

ckks::Ciphertext LogisticTrainer::sum_of_rows(const BlockSource& blocks) const {
  std::vector<ckks::Ciphertext> sums;
  for (std::size_t j = 0; j < layout_->packing.strips(); ++j) sums.push_back(blocks.load(0, j, rows_level_));
  for (std::size_t b = 1; b < blocks.blocks(); ++b)
    for (std::size_t j = 0; j < sums.size(); ++j) evaluator_->add_to(sums[j], blocks.load(b, j, rows_level_));
  return sums_.columns(std::move(sums));
}

ckks::Ciphertext LogisticTrainer::scaled_margins(const ckks::Ciphertext& products,
                                                 const ckks::Plaintext& mask) const {
  return sums_.spread(evaluator_->multiply(sums_.within_rows(products), mask));
}

// gain * x * q, from (x u) times the other factors, for each strip.
void LogisticTrainer::add_early(StripTotals& totals, BlockStrips& strips, const ckks::Ciphertext& u,
                                const OddPolynomial& polynomial, double gain) const {
  const ckks::Evaluator& e = *evaluator_;
  const auto [linear, last] = polynomial.factors(e, u);
  const int led_level = u.level() - (linear ? 2 : 1);
  const double factor = gain * polynomial.lead() / e.scale_ratio(led_level, last.level());
  for (std::size_t j = strips.size(); j-- > 0;) {
    auto led = e.multiply(e.scale_to_level(strips.strip(j, rows_level_), factor, u.level()), u);
    if (linear) led = e.multiply(led, *linear);
    e.add_product(totals[j], led, last);
  }
}

// The same from x times the polynomial, which takes a level more below u.
void LogisticTrainer::add_late(StripTotals& totals, BlockStrips& strips, const ckks::Ciphertext& u,
                               const OddPolynomial& polynomial, double gain) const {
  const ckks::Evaluator& e = *evaluator_;
  const auto [linear, last] = polynomial.factors(e, u);
  const double factor = gain * polynomial.lead() / e.scale_ratio(rows_level_, last.level() - 1);
  auto led = e.scale_to_level(u, factor, linear ? linear->level() : last.level());
  if (linear) led = e.multiply(led, *linear);
  const auto slopes = e.multiply(led, last);
  for (std::size_t j = strips.size(); j-- > 0;)
    e.add_product(totals[j], strips.strip(j, slopes.level()), slopes);
}

// gain * sum of x_i q(z_i), in every row.
ckks::Ciphertext LogisticTrainer::gradient(const State& state, const BlockSource& blocks, std::size_t t,
                                           double gain, Progress& progress) const {
  const int start = state.look_ahead.level();
  const StripPacking& packing = layout_->packing;
  const auto [unit, polynomial] = variable(start);
  std::optional<ckks::Plaintext> mask;
  if (packing.row_slots > 1)
    mask = encoder_->encode(
        packing.row_mask(1 / (layout_->state_scale * layout_->row_scale * schedule_->sigmoid.range *
                              evaluator_->scale_ratio(rows_level_, start))),
        start - 1);
  const auto facing = sums_.facing(state.look_ahead);
  StripTotals totals(packing.strips());
  for (std::size_t b = 0; b < blocks.blocks(); ++b) {
    BlockStrips strips(blocks, b, packing.strips());
    // Where a strip is wanted whole afterwards, it is loaded whole: it may be the only one, and still there.
    auto u = sums_.products(strips, facing, mask ? rows_level_ : start);
    if (mask) u = scaled_margins(u, *mask);
    // The plan's word: margins stay within the polynomial's range.
    u = ckks::Evaluator::with_magnitude(std::move(u), unit);
    if (mask)
      add_early(totals, strips, u, polynomial, gain);
    else
      add_late(totals, strips, u, polynomial, gain);
    progress.update("train", t * blocks.blocks() + b + 1, schedule_->step.size() * blocks.blocks());
  }
  std::vector<ckks::Ciphertext> sums;
  for (auto& total : totals) sums.push_back(std::move(*total));
  return sums_.columns(std::move(sums));
}

LogisticTrainer::State LogisticTrainer::step(const State& state, const ckks::Ciphertext& rows_sum,
                                             const BlockSource& blocks, std::size_t t,
                                             Progress& progress) const {
  const ckks::Evaluator& e = *evaluator_;
  const double momentum = schedule_->momentum[t], rate = schedule_->step[t];
  const double decay = 1 - rate * schedule_->ridge;
  const double gain = rate * layout_->state_scale * (1 + momentum) /
                      (layout_->row_scale * static_cast<double>(layout_->rows));
  const int start = state.look_ahead.level();
  const int end = start - levels_per_iteration(schedule_->sigmoid.degree());
  if (end < 0) throw LevelExhaustedError("logistic training", start, start - end);

  auto change = gradient(state, blocks, t, -gain, progress);
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
  const double gain =
      schedule_->step[0] * layout_->state_scale / (layout_->row_scale * static_cast<double>(layout_->rows));
  auto first = settled(evaluator_->scale_to_level(rows_sum, 0.5 * gain, rows_sum.level() - 1), *layout_);
  if (schedule_->momentum[0] != 0) throw InternalError("logistic training: the first momentum is not 0");
  progress.update("train", blocks.blocks(), schedule_->step.size() * blocks.blocks());
  auto weights = first.clone();
  State state{std::move(first), std::move(weights)};
  for (std::size_t t = 1; t < schedule_->step.size(); ++t) state = step(state, rows_sum, blocks, t, progress);
  return std::move(state.look_ahead);
}

}  // namespace cloister::ml
