#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "cloister/circuits/bootstrapping_noise.h"
#include "cloister/ckks/rotations.h"

namespace cloister::circuits::internal {

/// What a bootstrap sees of its operand and leaves of the rest: values of a period of so many slots, real or
/// not. What it adds has neither, and would not be seen by the next one either.
struct Form {
  bool real;
  std::int64_t period;
};

/// Some vectors that are bootstrapped together, again and again. `Once` bootstraps an array of them.
template <std::size_t kCount, typename Once>
class Repetition {
 public:
  using Vectors = std::array<ckks::Ciphertext, kCount>;

  Repetition(const ckks::Evaluator& evaluator, double range, const Form& form, Once once)
      : evaluator_(&evaluator), range_(range), form_(form), once_(std::move(once)) {}

  // The operands are at one level, to which differences are brought; `brought` is what their errors add up
  // to, which reach every result.
  Vectors operator()(const Vectors& operands, double brought, const RepeatedNoise& noise) const {
    Vectors out = once_(operands);
    const double magnitude = out[0].bound.magnitude;
    for (auto& y : out) y = lowered(y);
    for (const RepeatedNoise::Round& round : noise.rounds) correct(operands, out, round);
    for (auto& y : out)
      y = ckks::Evaluator::with_bound(std::move(y), {magnitude, range_ * noise.after.bound() + brought});
    return out;
  }

 private:
  template <typename Make>
  static Vectors each(const Make& make) {
    if constexpr (kCount == 1)
      return {make(0)};
    else
      return {make(0), make(1)};
  }

  // A level lower, and brought to the form: the mean of what repeats and, of real values, of conjugates.
  ckks::Ciphertext lowered(const ckks::Ciphertext& a) const {
    const ckks::Rotations rotations(*evaluator_);
    const auto slots = static_cast<std::int64_t>(evaluator_->parameters().slots());
    auto sum = rotations.sum_slots(a, form_.period, slots / form_.period);
    if (form_.real) sum = evaluator_->add(sum, rotations.conjugate(sum));
    const auto terms = static_cast<double>(slots / form_.period * (form_.real ? 2 : 1));
    return evaluator_->scale_to_level(sum, 1 / terms, a.level() - 1);
  }

  void correct(const Vectors& operands, Vectors& out, const RepeatedNoise::Round& round) const {
    const Vectors renewed = once_(each([&](std::size_t i) {
      const auto low = evaluator_->to_level(out[i], operands[i].level());
      auto difference = evaluator_->multiply_integer(evaluator_->sub(operands[i], low),
                                                     static_cast<std::int64_t>(round.factor));
      return ckks::Evaluator::with_bound(std::move(difference), {range_, range_ * round.error});
    }));
    for (std::size_t i = 0; i < kCount; ++i)
      evaluator_->add_to(out[i], evaluator_->scale_to_level(renewed[i], 1 / round.factor, out[i].level()));
  }

  const ckks::Evaluator* evaluator_;
  double range_;
  Form form_;
  Once once_;
};

}  // namespace cloister::circuits::internal
