#include "cloister/circuits/linear_transform.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>
#include <string>

#include "cloister/ckks/noise.h"
#include "cloister/rlwe/double_hoisting.h"
#include "cloister/rlwe/galois.h"

namespace cloister::circuits {
namespace {

// Of a baby step, next to a giant step. With l limbs of Q, k of P and d digits, a baby step is the inner
// product of digits that are there with a key, which reads 2 d (l + k) limbs from memory. A giant step is
// that as well, and before it k inverse and l forward transforms divide half of its sum by P, and l inverse
// and d (l + k) - l forward ones decompose it. A third is an estimate: bench/linear_transform_bench shows
// 4.7 ms for a giant step, and 17.2 ms for eight baby steps with the decomposition and the products, at l =
// 9, k = 3, d = 3 and N = 32768 on one thread. The diagonals' products are the same however they are grouped.
constexpr double kBabyCost = 1.0 / 3;

std::vector<std::int64_t> indices(const std::map<std::int64_t, LinearTransform::Diagonal>& diagonals) {
  std::vector<std::int64_t> out;
  for (const auto& entry : diagonals) out.push_back(entry.first);
  return out;
}

void check_diagonal(std::int64_t index, const LinearTransform::Diagonal& diagonal, std::size_t slots) {
  const std::string name = "linear transform: diagonal " + std::to_string(index);
  if (diagonal.size() != slots)
    throw ParametersError(name + " has " + std::to_string(diagonal.size()) + " values for " +
                          std::to_string(slots) + " slots; give one a slot");
  bool zero = true;
  for (const auto& v : diagonal) {
    if (!std::isfinite(v.real()) || !std::isfinite(v.imag()))
      throw ParametersError(name + " holds a value that is not finite");
    zero = zero && v == std::complex<double>();
  }
  if (zero) throw ParametersError(name + " is zero; leave it out, it would cost a rotation for nothing");
}

// The shortest period of values, among the powers of two.
std::size_t period(const LinearTransform::Diagonal& values) {
  std::size_t period = values.size();
  while (period % 2 == 0 &&
         std::equal(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(period / 2),
                    values.begin() + static_cast<std::ptrdiff_t>(period / 2)))
    period /= 2;
  return period;
}

// The key of a rotation; null for none at all.
const rlwe::GaloisKey* key_of(const ckks::Evaluator& evaluator, std::int64_t step) {
  const auto element = rlwe::galois_element_of_rotation(step, evaluator.parameters().ring()->log2_degree());
  if (element == 1) return nullptr;
  const std::string what = "linear transform: rotate by " + std::to_string(step);
  if (evaluator.keys() == nullptr) throw MissingKeyError(what + ": no evaluation keys were given", element);
  return &evaluator.keys()->galois(element, what);
}

}  // namespace

std::int64_t BabyStepGiantStep::centred(std::int64_t diagonal) const noexcept {
  const std::int64_t r = (diagonal % slots + slots) % slots;
  return r < (slots + 1) / 2 ? r : r - slots;
}

std::int64_t BabyStepGiantStep::baby(std::int64_t diagonal) const noexcept {
  return (centred(diagonal) % giant_stride + giant_stride) % giant_stride;
}

std::vector<std::int64_t> BabyStepGiantStep::rotations(std::span<const std::int64_t> diagonals) const {
  std::set<std::int64_t> steps;
  for (const std::int64_t d : diagonals) steps.insert({baby(d), giant(d)});
  steps.erase(0);
  return {steps.begin(), steps.end()};
}

BabyStepGiantStep BabyStepGiantStep::choose(std::span<const std::int64_t> diagonals, std::size_t slots) {
  BabyStepGiantStep plan{1, static_cast<std::int64_t>(slots)};
  std::int64_t divisor = 0, span = 1;
  for (const std::int64_t d : diagonals) {
    divisor = std::gcd(divisor, plan.centred(d));
    span = std::max(span, 2 * std::abs(plan.centred(d)));
  }
  if (divisor == 0) return plan;  // the main diagonal alone, or none
  BabyStepGiantStep best = plan;
  double best_cost = INFINITY;
  std::size_t best_keys = 0;
  for (plan.giant_stride = divisor; plan.giant_stride <= 2 * span; plan.giant_stride *= 2) {
    std::set<std::int64_t> babies, giants;
    for (const std::int64_t d : diagonals) {
      babies.insert(plan.baby(d));
      giants.insert(plan.giant(d));
    }
    babies.erase(0);
    giants.erase(0);
    const double cost = kBabyCost * static_cast<double>(babies.size()) + static_cast<double>(giants.size());
    const std::size_t keys = plan.rotations(diagonals).size();
    if (cost < best_cost || (cost == best_cost && keys < best_keys)) {
      best = plan;
      best_cost = cost;
      best_keys = keys;
    }
  }
  return best;
}

LinearTransform::LinearTransform(const std::map<std::int64_t, Diagonal>& diagonals, std::size_t slots)
    : slots_(slots) {
  if (slots == 0) throw ParametersError("linear transform: there are no slots");
  if (diagonals.empty())
    throw ParametersError(
        "linear transform: there is no nonzero diagonal, so the result is zero; leave it out");
  const BabyStepGiantStep cyclic{1, static_cast<std::int64_t>(slots)};
  std::vector<double> row_sums(slots), row_squares(slots);
  for (const auto& [index, diagonal] : diagonals) {
    check_diagonal(index, diagonal, slots);
    if (!diagonals_.emplace(cyclic.centred(index), diagonal).second)
      throw ParametersError("linear transform: diagonal " + std::to_string(index) +
                            " is given twice, modulo the number of slots; add the two");
    for (std::size_t i = 0; i < slots; ++i) {
      row_sums[i] += std::abs(diagonal[i]);
      row_squares[i] += std::norm(diagonal[i]);
    }
  }
  row_norm_ = *std::ranges::max_element(row_sums);
  euclidean_row_norm_ = std::sqrt(*std::ranges::max_element(row_squares));
  plan_ = BabyStepGiantStep::choose(indices(diagonals_), slots);
}

LinearTransform LinearTransform::from_matrix(std::span<const std::complex<double>> row_major,
                                             std::size_t dimension, std::size_t slots) {
  if (dimension == 0 || slots % dimension != 0)
    throw ParametersError("linear transform: dimension " + std::to_string(dimension) +
                          " does not divide the " + std::to_string(slots) +
                          " slots; pad the matrix with zeros to a power of two");
  if (row_major.size() != dimension * dimension)
    throw ParametersError("linear transform: " + std::to_string(row_major.size()) +
                          " entries are no square matrix of " + "dimension " + std::to_string(dimension) +
                          "; pad it with zeros");
  std::map<std::int64_t, Diagonal> diagonals;
  for (std::size_t d = 0; d < dimension; ++d) {
    Diagonal diagonal(slots);
    bool zero = true;
    for (std::size_t i = 0; i < slots; ++i) {
      const std::size_t row = i % dimension;
      diagonal[i] = row_major[row * dimension + (row + d) % dimension];
      zero = zero && diagonal[i] == std::complex<double>();
    }
    if (!zero) diagonals.emplace(static_cast<std::int64_t>(d), std::move(diagonal));
  }
  return LinearTransform(diagonals, slots);
}

LinearTransform LinearTransform::from_matrix(std::span<const double> row_major, std::size_t dimension,
                                             std::size_t slots) {
  const Diagonal complex_values(row_major.begin(), row_major.end());
  return from_matrix(std::span<const std::complex<double>>(complex_values), dimension, slots);
}

std::vector<std::int64_t> LinearTransform::rotations() const { return plan_.rotations(indices(diagonals_)); }

EncodedLinearTransform::EncodedLinearTransform(const LinearTransform& transform, const ckks::Encoder& encoder,
                                               int level, std::optional<ckks::Scale> scale)
    : level_(level),
      scale_(1),
      row_norm_(transform.row_norm()),
      euclidean_row_norm_(transform.euclidean_row_norm()),
      rotations_(transform.rotations()) {
  const ckks::Parameters& parameters = *encoder.parameters();
  if (transform.slots() != parameters.slots())
    throw ParametersError("linear transform: it has " + std::to_string(transform.slots()) +
                          " slots and the parameters " + std::to_string(parameters.slots()));
  if (level < 1) throw LevelExhaustedError("linear transform", level, 1);
  scale_ = scale.value_or(parameters.scale_at(level));
  const BabyStepGiantStep& plan = transform.plan();
  std::map<std::int64_t, std::vector<std::int64_t>> by_giant;
  std::set<std::int64_t> babies;
  for (const auto& entry : transform.diagonals()) {
    by_giant[plan.giant(entry.first)].push_back(entry.first);
    babies.insert(plan.baby(entry.first));
  }
  babies_.assign(babies.begin(), babies.end());
  LinearTransform::Diagonal moved(transform.slots());
  for (const auto& [step, members] : by_giant) {
    GiantStep giant{step, {}};
    for (const std::int64_t d : members) {
      // The sum is rotated by `step` afterwards: rotate the diagonal back first.
      const auto& diagonal = transform.diagonals().at(d);
      const auto by = static_cast<std::ptrdiff_t>((step % plan.slots + plan.slots) % plan.slots);
      std::ranges::rotate_copy(diagonal, diagonal.end() - by, moved.begin());
      const auto baby = std::ranges::lower_bound(babies_, plan.baby(d)) - babies_.begin();
      const ckks::Plaintext encoded = encoder.encode_over_qp(moved, level, scale_);
      const std::size_t run = moved.size() / period(moved);
      giant.terms.push_back({static_cast<std::size_t>(baby), rlwe::RepeatedPoly(encoded.poly, run)});
      encoding_error_ += ckks::repeated_encoding_error(parameters, scale_, encoded.bound.magnitude, run);
    }
    giants_.push_back(std::move(giant));
  }
}

// Before the division by P and the level's prime, whose rounding comes on top. In units of P, with the
// level's scale D and products at D^2:
// - The operand's error is in every baby step, and nothing is known of how it differs between slots:
// row_norm.
// - A baby step adds an inner product of digits with its key's errors, of variance key_error_variance a
// coefficient at
//   scale D; nothing is rounded. Slot i of the result sums diagonal[d][i] times slot i + giant of the error
//   of rotation `baby` over d = giant + baby. Errors of different keys are independent, and so are the N/2
//   slots of one error: they are orthogonal functions of N independent coefficients. So variances add, and
//   the sum's deviation is at most the Euclidean row norm times that of one slot.
// - The diagonals' rounding multiplies what it meets: the encoding's errors, summed, since equal diagonals
// are rounded
//   alike.
// - A giant step rounds half a of its sum, an error of N s / 12 a coefficient for a secret of variance s, and
// adds an
//   inner product with its key's errors, both at D^2. That is key_switch_variance, less the rounding of half
//   b, 1 / 12, which is not done: a part in N s too much. Giant steps have different keys and roundings, so
//   that variances add.
// Each of the slot bounds is exceeded by some slot with probability below 2^-40 (ckks/noise.h); the sums
// above are of the same Gaussian form, so for a whole ciphertext the bound fails with probability below 3
// 2^-40, the two below and the rounding's, over what the operand's own may.
ckks::ValueBound EncodedLinearTransform::bound(const ckks::Parameters& parameters,
                                               const ckks::Ciphertext& operand) const {
  const auto giants =
      static_cast<double>(std::ranges::count_if(giants_, [](const auto& g) { return g.step != 0; }));
  const double baby_error = ckks::key_error(parameters, level_, operand.scale);
  const double giant_error =
      std::sqrt(giants) * ckks::key_switch_error(parameters, level_, operand.scale * scale_);
  return {row_norm_ * operand.bound.magnitude,
          row_norm_ * operand.bound.error + euclidean_row_norm_ * baby_error +
              encoding_error_ * (operand.bound.total() + baby_error) + giant_error};
}

ckks::Ciphertext EncodedLinearTransform::apply(const ckks::Evaluator& evaluator,
                                               const ckks::Ciphertext& operand) const {
  return apply_scaled(evaluator, evaluator.to_level(operand, level_));
}

ckks::Ciphertext EncodedLinearTransform::apply_scaled(const ckks::Evaluator& evaluator,
                                                      const ckks::Ciphertext& x,
                                                      std::optional<ckks::ValueBound> known) const {
  const ckks::Parameters& parameters = evaluator.parameters();
  if (x.level() != level_ || x.parts.size() != 2)
    throw ParametersError("linear transform: the operand is not at the level that it was encoded for");
  std::vector<const rlwe::GaloisKey*> baby_keys, giant_keys;
  for (const std::int64_t step : babies_) baby_keys.push_back(key_of(evaluator, step));
  std::vector<std::vector<rlwe::DoubleHoisting::Term>> lists;
  for (const GiantStep& giant : giants_) {
    giant_keys.push_back(key_of(evaluator, giant.step));
    auto& list = lists.emplace_back();
    for (const Term& term : giant.terms) list.push_back({term.baby, &term.diagonal});
  }

  const rlwe::DoubleHoisting hoisting(parameters.rlwe(), evaluator.pool());
  auto sums = hoisting.sums(x.parts[0], x.parts[1], baby_keys, lists);
  // All giant steps are added to one sum: the one that is not rotated, if there is such.
  const LimbSet limbs = sums.front().first.limbs();
  std::optional<rlwe::PolyPair> total;
  for (std::size_t g = 0; g < sums.size(); ++g)
    if (giant_keys[g] == nullptr) total = std::move(sums[g]);
  if (!total)
    total.emplace(EvaluationPoly(parameters.ring(), limbs), EvaluationPoly(parameters.ring(), limbs));
  for (std::size_t g = 0; g < sums.size(); ++g)
    if (giant_keys[g] != nullptr) hoisting.add_rotation(sums[g], *giant_keys[g], *total);
  return evaluator.finish_raised(*total, x.scale * scale_, known.value_or(bound(parameters, x)));
}

}  // namespace cloister::circuits
