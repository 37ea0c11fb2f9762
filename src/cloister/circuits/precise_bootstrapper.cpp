#include "cloister/circuits/precise_bootstrapper.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "cloister/ckks/rotations.h"

namespace cloister::circuits {
namespace {

using ckks::Ciphertext;
using ckks::Evaluator;

// Of the factor: within the integers that multiply a ciphertext.
constexpr int kMaxFactorBits = 30;

// What the ciphertext decrypts to becomes what is exact, so that its bound is of what comes on top.
Ciphertext taken_as_exact(const Ciphertext& a) {
  return Evaluator::with_bound(a.clone(), {a.bound.total(), 0});
}

/// What a bootstrap sees of its operand and leaves of the rest: values of a period of so many slots, real or
/// not. What it adds has neither, and would not be seen by the next one either.
struct Form {
  bool real;
  std::int64_t period;
};

// A level lower, and brought to the form: the mean of what repeats and, of real values, of conjugates.
Ciphertext lowered(const Evaluator& evaluator, const Ciphertext& a, const Form& form) {
  const ckks::Rotations rotations(evaluator);
  const auto slots = static_cast<std::int64_t>(evaluator.parameters().slots());
  Ciphertext sum = rotations.sum_slots(taken_as_exact(a), form.period, slots / form.period);
  if (form.real) sum = evaluator.add(sum, rotations.conjugate(sum));
  const auto terms = static_cast<double>(slots / form.period * (form.real ? 2 : 1));
  return Evaluator::with_magnitude(evaluator.scale_to_level(sum, 1 / terms, a.level() - 1), a.bound.total());
}

// The largest factor for a difference of at most `difference` with the error `noise`.
double scaling_up(double range, double difference, double noise) {
  const double room = std::min(range / difference, range * Bootstrapper::kMaxRelativeError / 2 / noise);
  if (!(room >= 2))
    throw PrecisionError("precise bootstrap: an error of up to " + std::to_string(difference) +
                         " at a range of " + std::to_string(range) +
                         " leaves no room to repeat; plan a larger scale or bootstrap once");
  return std::exp2(std::min<int>(std::ilogb(room), kMaxFactorBits));
}

/// Some vectors that are bootstrapped together, and how.
template <std::size_t kCount, typename Once>
class Repetition {
 public:
  using Vectors = std::array<Ciphertext, kCount>;

  Repetition(const Evaluator& evaluator, double range, const Form& form, Once once)
      : evaluator_(&evaluator), range_(range), form_(form), once_(std::move(once)) {}

  // The operands are at one level, to which differences are brought. Their errors reach every result.
  Vectors operator()(const Vectors& operands, int repetitions) const {
    double brought = 0;
    for (const Ciphertext& x : operands) brought += x.bound.error;
    Vectors out = once_(operands);
    const double magnitude = out[0].bound.magnitude;
    // How far a result is at most from the operand as it is, or from what the bootstrap leaves of it.
    double distance = 0;
    for (Ciphertext& y : out) {
      const double added = std::max(y.bound.error - brought, 0.0);
      y = lowered(*evaluator_, y, form_);
      distance = std::max(distance, added + y.bound.error);
    }
    for (int i = 0; i < repetitions; ++i) distance = correct(operands, out, distance, brought);
    for (Ciphertext& y : out) y = Evaluator::with_bound(std::move(y), {magnitude, distance + brought});
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

  // Brings the results closer; returns their distance.
  double correct(const Vectors& operands, Vectors& out, double distance, double brought) const {
    Vectors differences = each([&](std::size_t i) {
      const Ciphertext low = evaluator_->to_level(taken_as_exact(out[i]), operands[i].level());
      return Evaluator::with_magnitude(evaluator_->sub(taken_as_exact(operands[i]), low), distance + brought);
    });
    double noise = 0;
    for (const Ciphertext& d : differences) noise += d.bound.error;
    // The operand's noise too: what of it does not have the form is not in the result.
    const double factor = scaling_up(range_, distance + brought, noise + brought);
    for (Ciphertext& d : differences) d = evaluator_->multiply_integer(d, static_cast<std::int64_t>(factor));
    const Vectors renewed = once_(differences);
    double left = 0;
    for (std::size_t i = 0; i < kCount; ++i) {
      out[i] = evaluator_->add(taken_as_exact(out[i]),
                               evaluator_->scale_to_level(renewed[i], 1 / factor, out[i].level()));
      left = std::max(left, out[i].bound.error);
    }
    return left;
  }

  const Evaluator* evaluator_;
  double range_;
  Form form_;
  Once once_;
};

std::int64_t period_of(const BootstrappingSpec& spec) { return std::int64_t{1} << spec.log2_slots; }

Ciphertext at_least_level(const Evaluator& evaluator, const Ciphertext& operand, int level) {
  if (operand.level() < level) throw LevelExhaustedError("precise bootstrap", operand.level(), level);
  return evaluator.to_level(operand, level);
}

}  // namespace

PreciseBootstrapper::PreciseBootstrapper(const Bootstrapper& bootstrapper, int repetitions)
    : bootstrapper_(&bootstrapper), repetitions_(repetitions) {
  if (repetitions < 1)
    throw ParametersError("precise bootstrap: " + std::to_string(repetitions) +
                          " repetitions; one is the least");
}

Ciphertext PreciseBootstrapper::bootstrap(const Evaluator& evaluator, const Ciphertext& operand) const {
  const auto once = [&](const std::array<Ciphertext, 1>& x) {
    return std::array<Ciphertext, 1>{bootstrapper_->bootstrap(evaluator, x[0])};
  };
  const auto& spec = bootstrapper_->spec();
  const Repetition<1, decltype(once)> repeat(evaluator, spec.range, {spec.real, period_of(spec)}, once);
  auto out = repeat({at_least_level(evaluator, operand, least_level())}, repetitions_);
  return std::move(out[0]);
}

std::array<Ciphertext, 2> PreciseBootstrapper::bootstrap_two(const Evaluator& evaluator,
                                                             const Ciphertext& first,
                                                             const Ciphertext& second) const {
  const auto once = [&](const std::array<Ciphertext, 2>& x) {
    return bootstrapper_->bootstrap_two(evaluator, x[0], x[1]);
  };
  const auto& spec = bootstrapper_->spec();
  const Repetition<2, decltype(once)> repeat(evaluator, spec.range, {true, period_of(spec)}, once);
  return repeat(
      {at_least_level(evaluator, first, least_level()), at_least_level(evaluator, second, least_level())},
      repetitions_);
}

}  // namespace cloister::circuits
