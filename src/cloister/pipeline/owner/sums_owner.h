#pragma once

#include <cstdint>

#include "cloister/data/column_ranges.h"
#include "cloister/data/preparation.h"
#include "cloister/pipeline/machine.h"
#include "cloister/pipeline/owner/ckks_owner.h"
#include "cloister/pipeline/owner/paillier_encryption.h"
#include "cloister/pipeline/owner/sums_statistics.h"

namespace cloister::pipeline {

// The steps of several owners who add their sums: of all of them, who have the public key alone, and of the
// one who has the secret key and decrypts the total. Nothing that is there is overwritten.

/// Encrypts one owner's part of a linear regression: the sums of products of its prepared columns and target.
/// Every owner uses the same plan, preparation and public key. Refuses values beyond the plan's bound,
/// targets included, and more rows than the plan has for all owners together.
void encrypt_paillier_sums(const PaillierEncryptFiles& files, const data::Examples& examples,
                           const wire::Passphrase* passphrase, const Machine& machine);

/// Encrypts one owner's part of statistics: the sums of products of its columns, and the counts of their
/// histograms. Errors: MismatchError where the ranges are not those whose digest the plan holds;
/// ParametersError, naming the column, for a value of more units than the plan's bound; PrecisionError for
/// more rows than the plan has for all owners together.
void encrypt_paillier_statistics(const PaillierEncryptFiles& files, const data::ColumnRanges& ranges,
                                 const data::BinnedRows& rows, const wire::Passphrase* passphrase,
                                 const Machine& machine);

struct DecryptedRegression : DecryptedModel {
  std::uint64_t rows = 0;  ///< of all owners
  double r2 = 0;           ///< on those rows
};
/// Decrypts the added sums and solves for the model that minimizes, over all owners' rows and prepared
/// columns,
///   mean of (y - w . x - b)^2 + ridge |w|^2,
/// that is (C + ridge I) w = c and b = mean(y) - w . mean(x) with C and c the covariances, which are computed
/// in integers. The error bound is of every weight and the intercept, and is computed from the sums: it grows
/// as columns come closer to linear dependence. Errors: PrecisionError if it exceeds the plan's largest
/// error, or the columns are linearly dependent (drop one, or plan with a ridge).
DecryptedRegression decrypt_paillier_sums(const DecryptFiles& files, const wire::Passphrase* passphrase,
                                          const Machine& machine);

/// Decrypts the added sums and counts, and computes the statistics of all owners' rows, in the columns' own
/// units. Errors: MismatchError for ranges that are not the plan's.
Statistics decrypt_paillier_statistics(const DecryptFiles& files, const data::ColumnRanges& ranges,
                                       const wire::Passphrase* passphrase, const Machine& machine);

}  // namespace cloister::pipeline
