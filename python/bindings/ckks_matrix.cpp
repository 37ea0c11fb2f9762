// The two operations that move slots by more than a sum does: see ckks_engine.h.
#include <algorithm>
#include <bit>
#include <optional>

#include "bindings/ckks_engine.h"
#include "cloister/base/error.h"

namespace cloister::python {
namespace {

using ckks::Ciphertext;

// Diagonal `d` of a matrix, moved `by` slots to the right: number j is that of row j - by + d, column j - by.
std::vector<double> diagonal(const Table& matrix, std::size_t d, std::size_t by) {
  std::vector<double> out(std::max(matrix.rows, matrix.columns));
  for (std::size_t j = 0; j < out.size(); ++j) {
    const std::size_t from = (j + out.size() - by) % out.size();
    out[j] = matrix.values[(from + d) % matrix.rows * matrix.columns + from % matrix.columns];
  }
  return out;
}

bool is_zero(std::span<const double> values) {
  return std::ranges::all_of(values, [](double x) { return x == 0; });
}

}  // namespace

Ciphertexts CkksEngine::gather(const Ciphertexts& a, std::span<const std::int64_t> steps, const Table& values,
                               const GaloisKeys& keys) const {
  const int level = a.level();
  if (level == 0) throw LevelExhaustedError("multiply", 0, 1);
  const ckks::Evaluator on = evaluator(keys.key.get());
  const ckks::Rotations rotations = this->rotations(on);
  const auto count = static_cast<std::int64_t>(slots());
  std::vector<std::optional<Ciphertext>> terms(a.size());
  watched().parallel_for(a.size(), [&](std::size_t i) {
    const Row row = at_level(a.rows[i], level);
    const std::int64_t step = (steps[i] % count + count) % count;
    terms[i] = on.multiply_lazy(rotations.rotate(*row, step), encode(values.row(i), level));
  });
  std::optional<Ciphertext> sum;
  for (auto& term : terms) add_to(on, sum, std::move(*term));
  return each(1, [&](std::size_t) { return on.finish(std::move(*sum)); });
}

Ciphertexts CkksEngine::matrix(const Ciphertexts& a, const Table& matrix, const GaloisKeys& keys) const {
  const Ciphertext& x = *a.rows.front();
  if (x.level() == 0) throw LevelExhaustedError("multiply", 0, 1);
  const std::size_t rows = matrix.rows, columns = matrix.columns, count = std::min(rows, columns);
  const ckks::Evaluator on = evaluator(keys.key.get());
  const ckks::Rotations rotations = this->rotations(on);
  const std::size_t babies = std::size_t{1} << (std::bit_width(count) / 2), giants = count / babies;
  const auto turned = rotations.rotate_multiples(x, 1, static_cast<std::int64_t>(babies));
  std::vector<std::optional<Ciphertext>> sums(giants);
  watched().parallel_for(giants, [&](std::size_t g) {
    for (std::size_t b = 0; b < babies; ++b) {
      const auto values = diagonal(matrix, g * babies + b, g * babies);
      if (!is_zero(values)) add_to(on, sums[g], on.multiply_lazy(turned[b], encode(values, x.level())));
    }
  });
  std::optional<Ciphertext> sum;
  for (std::size_t g = giants; g-- > 0;) {
    if (sum) sum = rotations.rotate(*sum, static_cast<std::int64_t>(babies));
    if (sums[g]) add_to(on, sum, std::move(*sums[g]));
  }
  if (!sum) return multiply_numbers(a, std::vector{0.0});
  if (rows > columns)
    sum = rotations.sum_slots(*sum, static_cast<std::int64_t>(columns),
                              static_cast<std::int64_t>(rows / columns));
  return each(1, [&](std::size_t) { return on.finish(std::move(*sum)); });
}

}  // namespace cloister::python
