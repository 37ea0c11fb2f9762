#include "cloister/paillier/matrix_operations.h"

#include <string>

#include "cloister/base/error.h"

namespace cloister::paillier {
namespace {

template <typename Operation>
EncryptedMatrix by_columns(const char* name, const EncryptedMatrix& a, const EncryptedMatrix& b,
                           const Operation& operation) {
  if (a.columns.size() != b.columns.size())
    throw MismatchError(std::string(name) + ": the matrices have different numbers of columns",
                        std::to_string(a.columns.size()), std::to_string(b.columns.size()));
  EncryptedMatrix out;
  for (std::size_t c = 0; c < a.columns.size(); ++c)
    out.columns.push_back(operation(a.columns[c], b.columns[c]));
  return out;
}

}  // namespace

EncryptedMatrix add(const Evaluator& evaluator, const EncryptedMatrix& a, const EncryptedMatrix& b) {
  return by_columns("add", a, b, [&](const auto& x, const auto& y) { return evaluator.add(x, y); });
}

EncryptedMatrix subtract(const Evaluator& evaluator, const EncryptedMatrix& a, const EncryptedMatrix& b) {
  return by_columns("subtract", a, b, [&](const auto& x, const auto& y) { return evaluator.subtract(x, y); });
}

EncryptedMatrix multiply(const Evaluator& evaluator, const EncryptedMatrix& a,
                         std::span<const double> weights, std::size_t outputs, const FixedPoint& format) {
  const std::size_t columns = a.columns.size();
  if (outputs == 0 || weights.size() != columns * outputs)
    throw MismatchError("multiply: the clear matrix has another number of rows than the encrypted columns",
                        std::to_string(weights.size()) + " weights",
                        std::to_string(columns) + " x " + std::to_string(outputs));
  EncryptedMatrix out;
  std::vector<double> column(columns);
  for (std::size_t o = 0; o < outputs; ++o) {
    for (std::size_t c = 0; c < columns; ++c) column[c] = weights[c * outputs + o];
    out.columns.push_back(evaluator.dot(a, column, format, 0));
  }
  return out;
}

EncryptedVector sum_of_columns(const Evaluator& evaluator, const EncryptedMatrix& a) {
  if (a.columns.empty()) throw ParametersError("sum: a matrix of no columns");
  EncryptedVector out = a.columns.front().clone();
  for (const EncryptedVector& column : std::span(a.columns).subspan(1)) out = evaluator.add(out, column);
  return out;
}

EncryptedMatrix sum_of_rows(const Evaluator& evaluator, const EncryptedMatrix& a) {
  EncryptedMatrix out;
  for (const EncryptedVector& column : a.columns) out.columns.push_back(evaluator.sum(column));
  return out;
}

}  // namespace cloister::paillier
