#include "cloister/ml/logistic_gradient.h"

#include <cmath>
#include <utility>

#include "cloister/base/error.h"

namespace cloister::ml {

LogisticGradient::LogisticGradient(const PolynomialFit& sigmoid, const TrainingLayout& layout,
                                   const ckks::Evaluator& evaluator, const ckks::Encoder& encoder,
                                   int rows_level)
    : sigmoid_(&sigmoid),
      layout_(&layout),
      evaluator_(&evaluator),
      encoder_(&encoder),
      rotations_(evaluator, layout.rotations),
      sums_(layout.packing, evaluator, rotations_),
      rows_level_(rows_level) {
  OddPolynomial::levels(sigmoid.degree());  // refuses other degrees
}

LogisticGradient::Variable LogisticGradient::variable(int weights_level) const {
  const double reach = sigmoid_->range;
  const double unit = layout_->packing.row_slots > 1
                          ? 1.0  // the mask divides by whatever is due
                          : layout_->state_scale * layout_->row_scale * reach *
                                evaluator_->scale_ratio(rows_level_, weights_level);
  std::vector<double> odd;
  for (int k = 1; k <= sigmoid_->degree(); k += 2)
    odd.push_back(sigmoid_->power[static_cast<std::size_t>(k)] * std::pow(reach / unit, k));
  return {unit, OddPolynomial(std::move(odd))};
}

ckks::Ciphertext LogisticGradient::sum_of_rows(const BlockSource& blocks, const BlockRange& range) const {
  std::vector<ckks::Ciphertext> sums;
  for (std::size_t j = 0; j < layout_->packing.strips(); ++j)
    sums.push_back(blocks.load(range.first, j, rows_level_));
  for (std::size_t b = range.first + 1; b < range.last; ++b)
    for (std::size_t j = 0; j < sums.size(); ++j) evaluator_->add_to(sums[j], blocks.load(b, j, rows_level_));
  return sums_.columns(std::move(sums));
}

ckks::Ciphertext LogisticGradient::scaled_margins(const ckks::Ciphertext& products,
                                                  const ckks::Plaintext& mask) const {
  return sums_.spread(evaluator_->multiply(sums_.within_rows(products), mask));
}

// gain * x * q, from (x u) times the other factors, for each strip.
void LogisticGradient::add_early(StripTotals& totals, BlockStrips& strips, const ckks::Ciphertext& u,
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
void LogisticGradient::add_late(StripTotals& totals, BlockStrips& strips, const ckks::Ciphertext& u,
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
ckks::Ciphertext LogisticGradient::sum_of_sigmoids(const ckks::Ciphertext& weights, const BlockSource& blocks,
                                                   const BlockRange& range, double gain,
                                                   const std::function<void()>& on_block) const {
  const int start = weights.level();
  const StripPacking& packing = layout_->packing;
  const auto [unit, polynomial] = variable(start);
  std::optional<ckks::Plaintext> mask;
  if (packing.row_slots > 1)
    mask =
        encoder_->encode(packing.row_mask(1 / (layout_->state_scale * layout_->row_scale * sigmoid_->range *
                                               evaluator_->scale_ratio(rows_level_, start))),
                         start - 1);
  const auto facing = sums_.facing(weights);
  StripTotals totals(packing.strips());
  for (std::size_t b = range.first; b < range.last; ++b) {
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
    on_block();
  }
  std::vector<ckks::Ciphertext> sums;
  for (auto& total : totals) sums.push_back(std::move(*total));
  return sums_.columns(std::move(sums));
}

ckks::Ciphertext LogisticGradient::gradient(const ckks::Ciphertext& weights, const ckks::Ciphertext& rows_sum,
                                            const BlockSource& blocks, const BlockRange& range, double gain,
                                            const std::function<void()>& on_block) const {
  const int end = weights.level() - levels(sigmoid_->degree());
  if (end < 0) throw LevelExhaustedError("logistic training", weights.level(), weights.level() - end);
  auto out = sum_of_sigmoids(weights, blocks, range, -gain, on_block);
  evaluator_->add_to(out, evaluator_->scale_to_level(rows_sum, 0.5 * gain, end));
  return out;
}

}  // namespace cloister::ml
