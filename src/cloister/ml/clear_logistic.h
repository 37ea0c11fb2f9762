#pragma once

#include <span>
#include <vector>

#include "cloister/data/matrix.h"
#include "cloister/ml/schedule.h"

namespace cloister::ml {

/// The rows that training works on: s_i = (1, x_i), negated where the label is 0.
///
/// Shapes: features [n][d - 1], labels [n] of 0 and 1; result [n][d].
/// Errors: ParametersError for no rows, lengths that differ, values that are not finite, other labels.
data::Matrix signed_rows(const data::Matrix& features, std::span<const double> labels);

/// The rows (1, x_i) that predictions and margins are computed from.
data::Matrix with_intercept(const data::Matrix& features);

enum class SigmoidKind {
  kPolynomial,  ///< what the encrypted run evaluates
  kExact,       ///< the same steps with the sigmoid itself
};

struct LogisticTrace {
  std::vector<std::vector<double>> weights;  ///< [T][d], after each iteration
  /// Largest |s_i . v| met by the polynomial, in any iteration. Beyond its range nothing is guaranteed.
  double largest_margin = 0;
};

/// The reference that the encrypted training is compared with: LogisticSchedule's iteration in double
/// precision.
///
/// Shapes: rows [n][d] as signed_rows makes them, d = schedule.features. Batches are made of whole blocks of
/// `rows_per_block` rows (ciphertexts): batch_rows.
/// Errors: MismatchError for rows of another shape; ParametersError for fewer blocks than batches.
LogisticTrace train_logistic(const data::Matrix& rows, const LogisticSchedule& schedule,
                             SigmoidKind kind = SigmoidKind::kPolynomial, std::size_t rows_per_block = 1);

struct LogisticFit {
  std::vector<double> weights;  ///< [d]
  int iterations = 0;
  /// False where the likelihood has no finite maximum (separated classes) or the columns are dependent.
  bool converged = false;
};

/// The maximum-likelihood fit, penalized by ridge/2 |w|^2, by Newton's method with halved steps: the
/// yardstick.
LogisticFit fit_logistic(const data::Matrix& rows, double ridge = 0, int max_iterations = 100);

/// rows . weights.
std::vector<double> margins(const data::Matrix& rows, std::span<const double> weights);

/// sigmoid of each margin.
std::vector<double> probabilities(std::span<const double> margins);

/// Largest |rows . weights|: the owner's check, after decryption, that training stayed where it is
/// guaranteed.
double largest_margin(const data::Matrix& rows, std::span<const double> weights);

}  // namespace cloister::ml
