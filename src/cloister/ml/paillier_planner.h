#pragma once

#include <optional>

#include "cloister/ml/plan.h"
#include "cloister/paillier/encrypted_sums.h"
#include "cloister/paillier/encrypted_vector.h"

namespace cloister::ml {

/// The smallest eigenvalue of the columns' correlations that a plan of sums assumes for its error bound. What
/// the owner decrypts states its own bound, of the columns that there were.
inline constexpr double kAssumedLeastEigenvalue = 0.01;

/// A clear model's weights and intercept over prepared columns may not exceed this.
inline constexpr double kClearWeightBound = 64;

/// The most bins of a histogram, without the two outside.
inline constexpr std::uint32_t kMaxHistogramBins = paillier::kMaxSumsBins - 2;

/// The part of a plan that says how Paillier does it, from a request of any job but kTrain. Fraction bits are
/// 24 for predictions, 32 for sums of a regression and 40 for those of statistics, more where the largest
/// error asks for them, and fewer where the exact sums would not fit otherwise. Empty if no format meets the
/// largest error. Nothing is estimated; deterministic: everybody derives the same.
///
/// Math, with u = 2^-(f + 1): a prediction's error is at most u (features (weights' bound + values' bound) +
/// 1), for both factors of each product and the intercept are rounded once; that of weights from sums, for
/// columns and targets of mean square 1 and mu = kAssumedLeastEigenvalue + ridge, at most u sqrt(d) (2 +
/// sqrt(d / mu)) / mu. A mean moves by at most u units of its column, and so does a deviation, for centring
/// makes no perturbation larger.
std::optional<Plan> derive_paillier_plan(const JobRequest& request,
                                         int modulus_bits = PaillierPlan{}.modulus_bits);

/// The plan with this machine's estimates, for which two exponentiations are timed. Throws PrecisionError for
/// a job that does not fit, naming the nearest one that does.
Plan plan_paillier(const JobRequest& request, int modulus_bits = PaillierPlan{}.modulus_bits);

/// The formats that a plan fixes. All are for plans of Paillier alone.
paillier::FixedPoint value_format(const PaillierPlan& plan);
paillier::FixedPoint weight_format(const PaillierPlan& plan);
/// What several owners' sums follow. Throws PrecisionError if they leave the integers' range.
paillier::SumsPlan sums_plan(const Plan& plan);
/// Of a block of encrypted rows' columns, and of their predictions.
paillier::VectorFormat column_format(const Plan& plan, std::uint64_t rows);
paillier::VectorFormat margin_format(const Plan& plan, std::uint64_t rows);
/// Rows that are encrypted, predicted and decrypted together: whole ciphertexts of every column.
std::uint64_t block_rows(const Plan& plan);

}  // namespace cloister::ml
