#include "cloister/circuits/linear_transform.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>
#include <string>

#include "cloister/ckks/noise.h"
#include "cloister/ckks/rotations.h"

namespace cloister::circuits {
namespace {

constexpr double kHoistedCost =
    0.5;  // of a rotation that shares its decomposition, next to one that does not

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
    const double cost =
        kHoistedCost * static_cast<double>(babies.size()) + static_cast<double>(giants.size());
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
  std::vector<double> row_sums(slots);
  for (const auto& [index, diagonal] : diagonals) {
    check_diagonal(index, diagonal, slots);
    if (!diagonals_.emplace(cyclic.centred(index), diagonal).second)
      throw ParametersError("linear transform: diagonal " + std::to_string(index) +
                            " is given twice, modulo the number of slots; add the two");
    for (std::size_t i = 0; i < slots; ++i) row_sums[i] += std::abs(diagonal[i]);
  }
  row_norm_ = *std::ranges::max_element(row_sums);
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
                                               int level)
    : level_(level), row_norm_(transform.row_norm()), rotations_(transform.rotations()) {
  const ckks::Parameters& parameters = *encoder.parameters();
  if (transform.slots() != parameters.slots())
    throw ParametersError("linear transform: it has " + std::to_string(transform.slots()) +
                          " slots and the parameters " + std::to_string(parameters.slots()));
  if (level < 1) throw LevelExhaustedError("linear transform", level, 1);
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
      giant.terms.push_back({static_cast<std::size_t>(baby), encoder.encode(moved, level)});
      encoding_error_ += giant.terms.back().diagonal.bound.error;
    }
    giants_.push_back(std::move(giant));
  }
}

ckks::Ciphertext EncodedLinearTransform::inner_sum(const ckks::Evaluator& evaluator,
                                                   const std::vector<ckks::Ciphertext>& babies,
                                                   const GiantStep& giant) const {
  std::optional<ckks::Ciphertext> sum;
  for (const Term& term : giant.terms) {
    auto product = evaluator.multiply_lazy(babies[term.baby], term.diagonal);
    if (sum)
      evaluator.add_to(*sum, product);
    else
      sum = std::move(product);
  }
  return std::move(*sum);
}

ckks::Ciphertext EncodedLinearTransform::apply(const ckks::Evaluator& evaluator,
                                               const ckks::Ciphertext& operand) const {
  const ckks::Rotations rotations(evaluator);
  const auto babies = rotations.rotate_hoisted(evaluator.to_level(operand, level_), babies_);
  double baby_error = 0;
  for (const auto& baby : babies) baby_error = std::max(baby_error, baby.bound.error);
  const double magnitude = operand.bound.magnitude;

  // Giant steps rotate at the product's scale, where the noise of a key switch is far below that of the
  // rescaling to come; all sums come together before the one rescaling.
  std::optional<ckks::Ciphertext> sum;
  double giant_error = 0;
  for (const GiantStep& giant : giants_) {
    auto part = inner_sum(evaluator, babies, giant);
    const double before = part.bound.error;
    part = rotations.rotate(part, giant.step);
    giant_error += part.bound.error - before;
    if (sum)
      evaluator.add_to(*sum, part);
    else
      sum = std::move(part);
  }
  // Slot i sums |diagonal[d][i]| over d, which is at most row_norm; the sum of the operations' own bounds
  // would take each diagonal's largest value instead.
  sum->bound = {row_norm_ * magnitude,
                row_norm_ * baby_error + encoding_error_ * (magnitude + baby_error) + giant_error};
  return evaluator.finish(std::move(*sum));
}

}  // namespace cloister::circuits
