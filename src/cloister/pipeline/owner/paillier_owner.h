#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "cloister/data/preparation.h"
#include "cloister/pipeline/machine.h"
#include "cloister/pipeline/owner/ckks_owner.h"
#include "cloister/wire/owner/sealed.h"

namespace cloister::pipeline {

// The owner's steps of a Paillier plan, and those of further owners, who have its public key alone. Nothing
// that is there is overwritten.

/// Draws a key. `files.evaluation_keys` is where the public key goes: to the server and to further owners.
void generate_paillier_keys(const KeyFiles& files, const wire::Protection& protection,
                            const Machine& machine);

struct PaillierEncryptFiles {
  std::filesystem::path plan, public_key;
  std::optional<std::filesystem::path> secret_key;  ///< not needed; halves the time for who has it
  std::filesystem::path dataset;                    ///< written
};
/// Encrypts prepared rows to predict, as many as there are, block by block. Refuses values beyond the plan's
/// bound.
void encrypt_paillier_rows(const PaillierEncryptFiles& files, const data::Matrix& features,
                           const wire::Passphrase* passphrase, const Machine& machine);
/// Encrypts one owner's part of a linear regression: the sums of products of its prepared columns and target.
/// Every owner uses the same plan, preparation and public key. Refuses values beyond the plan's bound,
/// targets included, and more rows than the plan has for all owners together.
void encrypt_paillier_sums(const PaillierEncryptFiles& files, const data::Examples& examples,
                           const wire::Passphrase* passphrase, const Machine& machine);

/// The predictions: margins, to which the caller applies the model's link. The bound is of the rounding to
/// fixed point.
DecryptedPredictions decrypt_paillier_predictions(const DecryptFiles& files,
                                                  const wire::Passphrase* passphrase, const Machine& machine);

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

}  // namespace cloister::pipeline
