#include "cloister/circuits/bootstrapper.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <string>

#include "cloister/circuits/bootstrapping_noise.h"
#include "cloister/circuits/homomorphic_dft.h"
#include "cloister/circuits/internal/repetition.h"
#include "cloister/ckks/noise.h"
#include "cloister/ckks/rotations.h"
#include "cloister/rlwe/galois.h"
#include "cloister/rlwe/noise.h"
#include "cloister/rlwe/security.h"

namespace cloister::circuits {
namespace {

using ckks::Ciphertext;
using ckks::Evaluator;
using ckks::Scale;

// Of the fraction to be reduced above that of the range: for the error that comes with it.
constexpr double kMargin = 1 + Bootstrapper::kMaxRelativeError;
constexpr double kFailureBits = 40;

std::size_t period_of(const BootstrappingSpec& spec) { return std::size_t{1} << spec.log2_slots; }
bool repeats(const BootstrappingSpec& spec, std::size_t slots) { return period_of(spec) < slots; }

// What a coefficient of 1 at level 0 is of the first prime: of its range, the fraction that is reduced.
double ratio(const ckks::Parameters& parameters) {
  return parameters.scale_at(0).value() / static_cast<double>(parameters.prime_at(0).value());
}

ModularReduction::Range reduced_range(const ckks::Parameters& parameters) {
  return {rlwe::ModulusRaiser::largest_overflow(), ratio(parameters) * kMargin};
}

const std::shared_ptr<const ckks::Parameters>& checked(const BootstrappingSpec& spec,
                                                       const std::shared_ptr<const ckks::Parameters>& p) {
  const auto fail = [](const std::string& what) { throw ParametersError("bootstrapping: " + what); };
  if (spec.log2_slots < 1 || period_of(spec) > p->slots())
    fail("2^" + std::to_string(spec.log2_slots) + " slots are not within the " + std::to_string(p->slots()) +
         " of the ring");
  for (const int stages : {spec.slots_to_coefficients, spec.coefficients_to_slots})
    if (stages < 1 || stages > spec.log2_slots)
      fail(std::to_string(stages) + " stages for 2^" + std::to_string(spec.log2_slots) + " slots");
  if (!(spec.range > 0) || !std::isfinite(spec.range)) fail("the range must be positive");
  if (p->spec().raised_levels != spec.raised_levels())
    fail("the parameters have " + std::to_string(p->spec().raised_levels) + " raised levels and " +
         std::to_string(spec.raised_levels()) + " are used");
  if (p->spec().transform_levels != spec.coefficients_to_slots)
    fail("the parameters have " + std::to_string(p->spec().transform_levels) + " levels of transforms and " +
         std::to_string(spec.coefficients_to_slots) + " are used");
  if (spec.repetitions < 0 || spec.repetitions > kMaxRepetitions)
    fail(std::to_string(spec.repetitions) + " repetitions; give 0 to " + std::to_string(kMaxRepetitions));
  if (p->max_level() < spec.slots_to_coefficients + 1 + spec.repetition_levels())
    fail(std::to_string(p->max_level()) + " levels leave none above those that bootstrapping takes");
  if (ratio(*p) > 0x1p-5 * (1 + 0x1p-4))
    fail("the first prime must be at least 2^5 above the scale; 2^6 is usual");
  return p;
}

// What the errors of all coefficients, of a variance, are at most but for 2^-40.
double coefficient_bound(const ckks::Parameters& parameters, double variance) {
  return std::sqrt(2 * std::numbers::ln2 * (kFailureBits + 1 + parameters.ring()->log2_degree()) * variance);
}

}  // namespace

ckks::ParametersSpec BootstrappingSpec::raised(ckks::ParametersSpec p) const noexcept {
  const int copies = p.log2_degree - 1 - log2_slots, stages = std::max(coefficients_to_slots, 1);
  const int beyond = std::max(p.first_prime_bits + copies - p.raised_scale_bits, 0);
  p.raised_levels = raised_levels();
  p.transform_levels = coefficients_to_slots;
  p.transform_scale_bits = std::min(p.raised_scale_bits, p.scale_bits + 1 + (beyond + stages - 1) / stages);
  return p;
}

bool Bootstrapper::is_sparse() const noexcept { return repeats(spec_, parameters_->slots()); }

std::vector<GaloisUse> Bootstrapper::galois_uses(const BootstrappingSpec& spec,
                                                 const ckks::ParametersSpec& parameters) {
  const int log2_degree = parameters.log2_degree;
  const std::size_t slots = std::size_t{1} << (log2_degree - 1), n = period_of(spec);
  std::map<std::uint64_t, std::size_t> limbs;
  const auto use = [&](std::uint64_t element, int level) {
    auto& most = limbs[element];
    most = std::max(most, static_cast<std::size_t>(level) + 1);
  };
  const auto rotate = [&](std::int64_t step, int level) {
    use(rlwe::galois_element_of_rotation(step, log2_degree), level);
  };
  const auto stages = [&](DftDirection direction, int count, int level) {
    for (const auto& diagonals : dft_diagonals(direction, spec.log2_slots, count)) {
      for (const std::int64_t step : BabyStepGiantStep::choose(diagonals, slots).rotations(diagonals))
        rotate(step, level);
      --level;
    }
  };
  stages(DftDirection::kSlotsToCoefficients, spec.slots_to_coefficients, spec.slots_to_coefficients);
  stages(DftDirection::kCoefficientsToSlots, spec.coefficients_to_slots, parameters.top_level());
  for (std::size_t step = n; step < slots; step *= 4)
    for (const std::size_t times : {1, 2, 3})
      if (times == 1 || 4 * step <= slots)
        rotate(static_cast<std::int64_t>(times * step), parameters.top_level());
  if (repeats(spec, slots) && !spec.real) rotate(static_cast<std::int64_t>(n), parameters.levels);
  use(rlwe::galois_element_of_conjugation(log2_degree), parameters.top_level() - spec.coefficients_to_slots);
  std::vector<GaloisUse> out;
  out.reserve(limbs.size());
  for (const auto& [element, most] : limbs) out.push_back({element, most});
  return out;
}

Bootstrapper::Bootstrapper(const BootstrappingSpec& spec, const ckks::Encoder& encoder,
                           const ThreadPool& pool)
    : spec_(spec),
      parameters_(checked(spec, encoder.parameters())),
      raiser_(parameters_->rlwe(), pool),
      reduction_(reduced_range(*parameters_)),
      added_error_(bootstrapping_noise(spec, parameters_->spec(), parameters_->rlwe()->spec()).bound()) {
  const std::size_t slots = parameters_->slots(), n = period_of(spec);
  int level = spec.slots_to_coefficients;
  for (const auto& stage : dft_stages(DftDirection::kSlotsToCoefficients, spec.log2_slots, slots,
                                      spec.slots_to_coefficients, 1 / spec.range))
    to_coefficients_.emplace_back(stage, encoder, level--);

  // Raised coefficients are t q, and after the sum over what repeats slots / n times that; the result is
  // t / operand_unit() at the scale of its level, of which each of two conjugates gives half.
  const double factor = 1 / (2 * reduction_.operand_unit());
  const auto stages = is_sparse() && !spec.real
                          ? dft_stages_to_halves(spec.log2_slots, slots, spec.coefficients_to_slots, factor)
                          : dft_stages(DftDirection::kCoefficientsToSlots, spec.log2_slots, slots,
                                       spec.coefficients_to_slots, factor);
  level = parameters_->top_level();
  const std::size_t copies = slots / n;
  const double raised_scale =
      static_cast<double>(parameters_->prime_at(0).value()) * static_cast<double>(copies);
  const double shrink =
      std::pow(parameters_->scale_at(level - spec.coefficients_to_slots).value() / raised_scale,
               1.0 / spec.coefficients_to_slots);
  for (const auto& stage : stages) {
    to_slots_.emplace_back(stage, encoder, level,
                           Scale(shrink * static_cast<double>(parameters_->prime_at(level).value())));
    --level;
  }
  if (is_sparse() && !spec.real) {
    std::vector<double> mask(slots);
    for (std::size_t i = 0; i < slots; ++i) mask[i] = i % (2 * n) < n ? 1 : 0;
    first_half_ = encoder.encode(mask, parameters_->max_level());
    for (double& x : mask) x = 1 - x;
    second_half_ = encoder.encode(mask, parameters_->max_level());
  }
}

Ciphertext Bootstrapper::at_least_level(const Evaluator& evaluator, const Ciphertext& operand) const {
  if (operand.level() < least_level()) throw LevelExhaustedError("bootstrap", operand.level(), least_level());
  return evaluator.to_level(operand, least_level());
}

// The slots over the range, as coefficients. The result's error is the operand's alone. What a stage adds to
// its slots, independent from slot to slot, is in the coefficients what the inverses of the stages so far
// make of it: each is unitary but for a factor, so the Euclidean norm of its rows is one over the stage's.
Ciphertext Bootstrapper::to_coefficients(const Evaluator& evaluator, const Ciphertext& operand) const {
  Ciphertext x = at_least_level(evaluator, operand);
  const double most = spec_.range * (spec_.real ? 1 : std::numbers::sqrt2) * (1 + 0x1p-20);
  if (x.bound.magnitude > most)
    throw PrecisionError("bootstrap: values of up to " + std::to_string(x.bound.magnitude) +
                         " do not fit the range of " + std::to_string(spec_.range) +
                         " that was planned; plan a larger range or state a tighter bound");
  const double brought = x.bound.error / spec_.range;
  double error = brought, attenuation = 1;
  for (const auto& stage : to_coefficients_) {
    const double magnitude = x.bound.magnitude;
    x = Evaluator::with_bound(std::move(x), {magnitude, 0});
    const auto added = stage.bound(*parameters_, x);
    attenuation /= stage.euclidean_row_norm();
    const bool last = &stage == &to_coefficients_.back();
    x = stage.apply_scaled(evaluator, x, last ? ckks::ValueBound{1, added.error} : added);
    error += attenuation / spec_.range * x.bound.error;
  }
  if (error + raising_error() > kMaxRelativeError)
    throw PrecisionError("bootstrap: an error of up to " + std::to_string(spec_.range * error) +
                         " at a range of " + std::to_string(spec_.range) +
                         " leaves nothing certain; plan a smaller range, a larger scale or fewer bootstraps");
  return Evaluator::with_bound(std::move(x), {1, brought});
}

// Coefficients t of which the fraction is the operand's coefficient times the ratio, and the sum over what
// repeats. The result's error is that of the slots, beyond what t has.
Ciphertext Bootstrapper::raised(const Evaluator& evaluator, const Ciphertext& operand) const {
  if (evaluator.keys() == nullptr) throw MissingKeyError("bootstrap: no evaluation keys were given", 0);
  auto pair = raiser_.raise(operand.parts[0], operand.parts[1], evaluator.keys()->encapsulation());
  Ciphertext out{{}, Scale(static_cast<double>(parameters_->prime_at(0).value())), {}, {}};
  out.parts.push_back(std::move(pair.first));
  out.parts.push_back(std::move(pair.second));
  const std::size_t n = period_of(spec_);
  const auto gap = static_cast<std::int64_t>(parameters_->slots() / n);
  out = ckks::Rotations(evaluator).sum_slots(out, static_cast<std::int64_t>(n), gap);
  out.scale = out.scale * Scale(static_cast<double>(gap));
  // Slots of 2 n coefficients, each the sum of 1 + kEncapsulationWeight uniform terms, independent of each
  // other, and a fraction.
  const auto count = static_cast<double>(2 * n), degree = static_cast<double>(parameters_->ring()->degree());
  const double variance = (1.0 + rlwe::kEncapsulationWeight) / 12 * count / degree;
  out.bound = {ckks::slot_error_bound(*parameters_, variance, Scale(1)) + count * ratio(*parameters_),
               out.bound.error / static_cast<double>(gap)};
  return out;
}

// Half of t / operand_unit(), in bit-reversed order. Errors of slots are independent.
Ciphertext Bootstrapper::to_slots(const Evaluator& evaluator, Ciphertext x) const {
  for (const auto& stage : to_slots_) {
    const double norm = stage.euclidean_row_norm();
    const ckks::ValueBound before = x.bound;
    x = Evaluator::with_bound(std::move(x), {before.magnitude, 0});
    x = stage.apply_scaled(
        evaluator, x,
        ckks::ValueBound{norm * before.magnitude, norm * before.error + stage.bound(*parameters_, x).error});
  }
  x.scale = parameters_->scale_at(x.level());
  return Evaluator::with_magnitude(std::move(x), std::numbers::sqrt2);
}

Ciphertext Bootstrapper::turned(const Evaluator& evaluator, const Ciphertext& slots,
                                const Ciphertext& conjugate, Half half) const {
  Ciphertext x = half == Half::kReal ? evaluator.add(slots, conjugate)
                                     : evaluator.multiply_by_i(evaluator.sub(conjugate, slots));
  x = Evaluator::with_magnitude(std::move(x), 2);
  return reduction_.turned(evaluator, x, gain(), parameters_->scale_at(parameters_->max_level()));
}

// From the fraction to the slots' values.
double Bootstrapper::gain() const noexcept { return spec_.range / ratio(*parameters_); }

Ciphertext Bootstrapper::reduced_sparse(const Evaluator& evaluator, const Ciphertext& operand) const {
  const Ciphertext slots = to_slots(evaluator, raised(evaluator, operand));
  const auto z = turned(evaluator, slots, ckks::Rotations(evaluator).conjugate(slots), Half::kReal);
  return Evaluator::with_magnitude(reduction_.real_fraction(evaluator, z, gain()), spec_.range);
}

// In place of the sum of worst cases, what is known of the whole.
Ciphertext Bootstrapper::with_error_of(Ciphertext out, const Ciphertext& operand, double added) const {
  out.bound.error = spec_.range * (reduction_.slope() * operand.bound.error + added);
  return out;
}

// Of every coefficient, over the range.
double Bootstrapper::raising_error() const {
  return coefficient_bound(*parameters_, raiser_.error_variance()) / parameters_->scale_at(0).value();
}

std::array<Ciphertext, 2> Bootstrapper::halves(const Evaluator& evaluator, const Ciphertext& both) const {
  const Ciphertext other =
      ckks::Rotations(evaluator).rotate(both, static_cast<std::int64_t>(period_of(spec_)));
  const auto of = [&](const Ciphertext& x, const Ciphertext& y) {
    Ciphertext sum = evaluator.multiply_lazy(x, *first_half_);
    evaluator.add_to(sum, evaluator.multiply_lazy(y, *second_half_));
    // One of the two is masked away in every slot.
    sum = Evaluator::with_magnitude(std::move(sum), std::max(x.bound.magnitude, y.bound.magnitude));
    return evaluator.rescale(std::move(sum));
  };
  return {of(both, other), of(other, both)};
}

Ciphertext Bootstrapper::bootstrap_once(const Evaluator& evaluator, const Ciphertext& operand) const {
  const Ciphertext coefficients = to_coefficients(evaluator, operand);
  if (is_sparse()) {
    Ciphertext out = reduced_sparse(evaluator, coefficients);
    if (!spec_.real) {
      auto [real, imaginary] = halves(evaluator, out);
      evaluator.add_to(real, evaluator.multiply_by_i(std::move(imaginary)));
      out = Evaluator::with_magnitude(std::move(real), std::numbers::sqrt2 * spec_.range);
    }
    return with_error_of(std::move(out), coefficients, added_error_);
  }
  const Ciphertext slots = to_slots(evaluator, raised(evaluator, coefficients));
  const Ciphertext conjugate = ckks::Rotations(evaluator).conjugate(slots);
  const Ciphertext real = turned(evaluator, slots, conjugate, Half::kReal);
  if (spec_.real)
    return Evaluator::with_magnitude(
        with_error_of(reduction_.real_fraction(evaluator, real, gain()), coefficients, added_error_),
        spec_.range);
  const Ciphertext imaginary = turned(evaluator, slots, conjugate, Half::kImaginary);
  return Evaluator::with_magnitude(
      with_error_of(reduction_.complex_fraction(evaluator, real, imaginary, gain()), coefficients,
                    added_error_),
      std::numbers::sqrt2 * spec_.range);
}

std::array<Ciphertext, 2> Bootstrapper::bootstrap_two_once(const Evaluator& evaluator,
                                                           const Ciphertext& first,
                                                           const Ciphertext& second) const {
  Ciphertext both = evaluator.add(first, evaluator.multiply_by_i(second.clone()));
  both = Evaluator::with_magnitude(
      std::move(both), std::numbers::sqrt2 * std::max(first.bound.magnitude, second.bound.magnitude));
  const Ciphertext coefficients = to_coefficients(evaluator, both);
  auto [x, y] = halves(evaluator, reduced_sparse(evaluator, coefficients));
  const double added =
      bootstrapping_two_noise(spec_, parameters_->spec(), parameters_->rlwe()->spec()).bound();
  return {with_error_of(std::move(x), coefficients, added), with_error_of(std::move(y), coefficients, added)};
}

template <std::size_t kCount, typename Once>
std::array<Ciphertext, kCount> Bootstrapper::repeated(const Evaluator& evaluator,
                                                      const std::array<Ciphertext, kCount>& operands,
                                                      const Once& once) const {
  double brought = 0;
  for (const Ciphertext& x : operands) brought += x.bound.error;
  const bool two = kCount == 2;
  const auto& chain = parameters_->rlwe()->spec();
  const auto of_vectors = two ? bootstrapping_two_noise : bootstrapping_noise;
  const auto noise = repeated_noise(of_vectors(spec_, parameters_->spec(), chain), two, spec_,
                                    parameters_->spec(), chain, brought / spec_.range);
  if (!noise)
    throw PrecisionError("bootstrap: an error of up to " + std::to_string(brought) + " at a range of " +
                         std::to_string(spec_.range) +
                         " leaves no room to repeat; plan a larger scale or no repetitions");
  const internal::Form form{spec_.real || two, static_cast<std::int64_t>(period_of(spec_))};
  return internal::Repetition<kCount, Once>(evaluator, spec_.range, form, once)(operands, brought, *noise);
}

Ciphertext Bootstrapper::bootstrap(const Evaluator& evaluator, const Ciphertext& operand) const {
  if (spec_.repetitions == 0) return bootstrap_once(evaluator, operand);
  const auto once = [&](const std::array<Ciphertext, 1>& x) {
    return std::array<Ciphertext, 1>{bootstrap_once(evaluator, x[0])};
  };
  auto out = repeated<1>(evaluator, {at_least_level(evaluator, operand)}, once);
  return std::move(out[0]);
}

std::array<Ciphertext, 2> Bootstrapper::bootstrap_two(const Evaluator& evaluator, const Ciphertext& first,
                                                      const Ciphertext& second) const {
  if (spec_.real || !is_sparse())
    throw ParametersError("bootstrap: two vectors at once need complex slots that repeat");
  if (spec_.repetitions == 0) return bootstrap_two_once(evaluator, first, second);
  const auto once = [&](const std::array<Ciphertext, 2>& x) {
    return bootstrap_two_once(evaluator, x[0], x[1]);
  };
  return repeated<2>(evaluator, {at_least_level(evaluator, first), at_least_level(evaluator, second)}, once);
}

}  // namespace cloister::circuits
