#pragma once

#include "cloister/data/matrix.h"
#include "cloister/pipeline/machine.h"
#include "cloister/pipeline/owner/ckks_owner.h"
#include "cloister/pipeline/owner/paillier_encryption.h"

namespace cloister::pipeline {

// The owner's steps of a Paillier plan; those of sums are in sums_owner.h. Nothing that is there is
// overwritten.

/// Draws a key. `files.evaluation_keys` is where the public key goes: to the server and to further owners.
/// Both files or none, as generate_ckks_keys.
void generate_paillier_keys(const KeyFiles& files, const wire::Protection& protection,
                            const Machine& machine);

/// Encrypts prepared rows to predict, as many as there are, block by block. Refuses values beyond the plan's
/// bound.
void encrypt_paillier_rows(const PaillierEncryptFiles& files, const data::Matrix& features,
                           const wire::Passphrase* passphrase, const Machine& machine);

/// The predictions: margins, to which the caller applies the model's link. The bound is of the rounding to
/// fixed point.
DecryptedPredictions decrypt_paillier_predictions(const DecryptFiles& files,
                                                  const wire::Passphrase* passphrase, const Machine& machine);

}  // namespace cloister::pipeline
