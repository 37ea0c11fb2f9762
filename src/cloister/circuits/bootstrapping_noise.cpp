#include "cloister/circuits/bootstrapping_noise.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "cloister/circuits/homomorphic_dft.h"
#include "cloister/circuits/internal/exponential_fit.h"
#include "cloister/circuits/internal/operation_noise.h"
#include "cloister/circuits/internal/reduction_noise.h"
#include "cloister/ckks/noise.h"
#include "cloister/rlwe/security.h"

namespace cloister::circuits {
namespace {

using internal::OperationNoise;

double square(double x) { return x * x; }

// Slots on their way through linear maps: mean squares of their errors' magnitude, and of their own.
struct Slots {
  double noise = 0, mean_square = 0;
  double scale = 0;
  int level = 0;
};

// One stage of a transform, whose rows all have the square norm `row`, with diagonals at a scale. See
// EncodedLinearTransform::bound; slots are independent, and so are the errors of different diagonals, which
// meet different slots.
void pass(Slots& x, const DftShape& stage, double row, double scale, const OperationNoise& operations) {
  const double diagonals = stage.diagonals, product = x.scale * scale;
  x.noise = row * (x.noise + operations.key_error(x.level, x.scale)) +
            diagonals * (OperationNoise::encoding(stage.coefficients, scale) * x.mean_square +
                         operations.key_switch(x.level, product));
  x.mean_square *= row;
  x.scale = product / operations.prime_at(x.level--);
  x.noise += operations.rounding(x.scale);
}

// Of both coefficients of a slot together, over what they are at most.
double coefficient_noise(const BootstrappingSpec& spec, const OperationNoise& operations) {
  const double slots = operations.degree() / 2, parts = spec.real ? 1 : 2;
  Slots x{0, parts, operations.scale_at(spec.slots_to_coefficients), spec.slots_to_coefficients};
  const double each = std::pow(spec.range, -2.0 / spec.slots_to_coefficients);
  x.mean_square *= square(spec.range);
  for (const DftShape& stage :
       dft_shapes(DftDirection::kSlotsToCoefficients, spec.log2_slots, spec.slots_to_coefficients))
    pass(x, stage, each * std::exp2(stage.layers), operations.scale_at(x.level), operations);
  // A slot sums 2 slots coefficients; what does not repeat is summed away after raising.
  return parts / 2 * x.noise / slots + parts * operations.raised_coefficient();
}

// Of the sum over what repeats, as Rotations::sum_slots makes it in radix four: each step adds one rounding
// and its keys' errors, of which later steps sum copies in different slots.
double sum_noise(double copies, int level, double scale, const OperationNoise& operations) {
  double noise = 0;
  while (copies > 1) {
    const double radix = copies >= 4 ? 4 : 2;
    noise = radix * noise + (radix - 1) * operations.key_error(level, scale) + operations.rounding(scale);
    copies /= radix;
  }
  return noise;
}

// Of the reduction's operand.
internal::OperandNoise operand_noise(const BootstrappingSpec& spec, const OperationNoise& operations,
                                     double operand_unit, bool sparse) {
  const double slots = operations.degree() / 2, n = std::exp2(spec.log2_slots), copies = slots / n;
  const int top = operations.top_level(), stages = spec.coefficients_to_slots;
  // Slots of 2 n coefficients, each the sum of 1 + kEncapsulationWeight uniform terms.
  Slots x{0, 2 * n * (1 + rlwe::kEncapsulationWeight) / 12, operations.prime_at(0) * copies, top};
  x.noise = sum_noise(copies, top, x.scale, operations);
  const double each = std::pow(2 * operand_unit, -2.0 / stages);
  const double shrink = std::pow(operations.scale_at(top - stages) / x.scale, 1.0 / stages);
  for (const DftShape& stage :
       dft_shapes(DftDirection::kCoefficientsToSlots, spec.log2_slots, stages, sparse && !spec.real))
    pass(x, stage, each * std::exp2(-stage.layers), shrink * operations.prime_at(x.level), operations);
  // Added to its conjugate: twice the real part.
  return {2 * x.noise, operations.key_switch(x.level, x.scale)};
}

}  // namespace

BootstrappingNoise BootstrappingNoise::in_a_row(int count) const noexcept {
  const double root = std::sqrt(count);
  return {root * deviation, root * largest_deviation, count * systematic, tails};
}

BootstrappingNoise bootstrapping_noise(const BootstrappingSpec& spec, const ckks::ParametersSpec& parameters,
                                       const rlwe::ParametersSpec& chain) {
  if (parameters.raised_levels != spec.raised_levels() ||
      parameters.transform_levels != spec.coefficients_to_slots ||
      parameters.levels <= spec.slots_to_coefficients + spec.repetition_levels() ||
      spec.log2_slots >= parameters.log2_degree || !(spec.range > 0))
    throw ParametersError(
        "bootstrapping: the parameters have other levels or fewer slots, or there is no range");
  const OperationNoise operations(parameters, chain);
  const bool sparse = spec.log2_slots + 1 < parameters.log2_degree;
  const double ratio = operations.scale_at(0) / operations.prime_at(0);
  const double margin = ratio * (1 + Bootstrapper::kMaxRelativeError);
  const int overflow = rlwe::ModulusRaiser::largest_overflow();
  const auto series =
      internal::exponential_series(overflow, margin, ModularReduction::kSquarings, ModularReduction::kDegree);
  const int level = operations.top_level() - spec.coefficients_to_slots;
  const internal::TwoSines sines = internal::two_sines(2 * std::numbers::pi * margin);
  const auto reduction =
      internal::reduction_noise({.exponential = series.coefficients,
                                 .fit_error = series.max_error,
                                 .overflow = overflow,
                                 .margin = margin,
                                 .sines = sines,
                                 .squarings = ModularReduction::kSquarings,
                                 .level = level,
                                 .gain = spec.range / ratio,
                                 .scale = ckks::Scale(operations.scale_at(parameters.levels))},
                                operations, operand_noise(spec, operations, series.half_width / 2, sparse));

  // Each real part is reduced; then the conjugation; and where two of them stand behind each other, one is
  // rotated to the other, and both are masked.
  const double parts = spec.real ? 1 : 2;
  const double scale = operations.scale_at(parameters.levels);
  const double key_switch = operations.key_switch(parameters.levels, scale);
  double end = key_switch;
  if (sparse && !spec.real) {
    // A half and a sign, as in dft_shapes.
    const double masks = 2 * OperationNoise::encoding(std::size_t{2} << spec.log2_slots, scale);
    end = parts * (key_switch + operations.rounding(operations.scale_at(parameters.levels - 1)) +
                   masks * square(spec.range)) +
          key_switch;
  }
  const double coefficients = coefficient_noise(spec, operations);
  const auto deviation = [&](double variance) {
    return std::sqrt((parts * variance + end) / square(spec.range) + coefficients);
  };
  BootstrappingNoise out;
  out.deviation = deviation(reduction.variance);
  out.largest_deviation = deviation(reduction.largest_variance);
  out.systematic = std::sqrt(parts) * (reduction.systematic / spec.range + margin / ratio * sines.error);
  out.tails = spec.real ? ckks::real_product_tails(parameters.log2_degree)
                        : ckks::complex_product_tails(parameters.log2_degree);
  return out;
}

BootstrappingNoise bootstrapping_two_noise(const BootstrappingSpec& spec,
                                           const ckks::ParametersSpec& parameters,
                                           const rlwe::ParametersSpec& chain) {
  if (spec.real || spec.log2_slots + 1 >= parameters.log2_degree)
    throw ParametersError("bootstrapping: two vectors at once need complex slots that repeat");
  const BootstrappingNoise both = bootstrapping_noise(spec, parameters, chain);
  constexpr double kEach = 1 / std::numbers::sqrt2;
  return {kEach * both.deviation, kEach * both.largest_deviation, kEach * both.systematic,
          ckks::real_product_tails(parameters.log2_degree)};
}

namespace {

// Of the factors of differences: within the integers that multiply a ciphertext.
constexpr int kMaxFactorBits = 30;

// Mean squares over the range, and what is the same every time.
struct Added {
  double variance = 0, constant = 0;

  BootstrappingNoise to(const BootstrappingNoise& noise) const {
    return {std::sqrt(square(noise.deviation) + variance),
            std::sqrt(square(noise.largest_deviation) + variance), noise.systematic + constant, noise.tails};
  }
};

// Of Evaluator::scale_to_level, by a factor that makes values of the range at most so large, over the range.
Added scaled_down(const OperationNoise& operations, double range, int from, int to, double values) {
  const double unit = operations.scale_at(to) * operations.prime_at(to + 1) / operations.scale_at(from);
  return {operations.rounding(operations.scale_at(to)) / square(range), values / (2 * unit)};
}

BootstrappingNoise over(const BootstrappingNoise& noise, double factor) {
  return {noise.deviation / factor, noise.largest_deviation / factor, noise.systematic / factor, noise.tails};
}

}  // namespace

std::optional<RepeatedNoise> repeated_noise(const BootstrappingNoise& once, bool two,
                                            const BootstrappingSpec& spec,
                                            const ckks::ParametersSpec& parameters,
                                            const rlwe::ParametersSpec& chain, double brought) {
  const OperationNoise operations(parameters, chain);
  const double copies = operations.degree() / 2 / std::exp2(spec.log2_slots);
  const bool real = spec.real || two;
  const int renewed = parameters.levels - (copies > 1 && !spec.real ? 1 : 0),
            low = spec.slots_to_coefficients;
  // The mean, a level lower.
  const double terms = copies * (real ? 2 : 1), scale = operations.scale_at(renewed);
  const double sum = (real ? 2 : 1) * sum_noise(copies, renewed, scale, operations) +
                     (real ? operations.key_switch(renewed, scale) : 0);
  Added mean = scaled_down(operations, spec.range, renewed, renewed - 1, terms);
  mean.variance += sum / square(terms * spec.range);
  // A result brought to the operand's level.
  const Added lowered = scaled_down(operations, spec.range, renewed - 1, low, 1);
  const double noise = lowered.constant + once.tails * std::sqrt(lowered.variance);
  const Added added = scaled_down(operations, spec.range, renewed, renewed - 1, 1);

  RepeatedNoise out{{}, mean.to(once)};
  for (int i = 0; i < spec.repetitions; ++i) {
    const double room =
        std::min(1 / (out.after.bound() + brought), Bootstrapper::kMaxRelativeError / 2 / (noise + brought));
    if (!(room >= 2)) return std::nullopt;
    const double factor = std::exp2(std::min(std::ilogb(room), kMaxFactorBits));
    out.rounds.push_back({factor, factor * (noise + brought)});
    out.after = added.to(lowered.to(over(once, factor)));
  }
  return out;
}

}  // namespace cloister::circuits
