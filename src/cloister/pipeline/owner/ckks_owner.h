#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "cloister/data/preparation.h"
#include "cloister/pipeline/clear_model.h"
#include "cloister/pipeline/machine.h"
#include "cloister/wire/owner/sealed.h"

namespace cloister::pipeline {

// The owner's steps of a CKKS plan. Secrets stay in the secret key file and in this process; nothing that is
// there is overwritten.

struct KeyFiles {
  std::filesystem::path plan;
  std::filesystem::path secret_key;       ///< written, mode 0600, sealed as `protection` says
  std::filesystem::path evaluation_keys;  ///< written: what the server gets
};
/// Draws a secret key and makes the evaluation keys of the plan, one at a time. Both files or none: a call
/// that is stopped leaves nothing under their names, so that the next one can begin anew.
void generate_ckks_keys(const KeyFiles& files, const wire::Protection& protection, const Machine& machine);

struct EncryptFiles {
  std::filesystem::path plan, secret_key;
  std::filesystem::path dataset;  ///< written
};
/// Encrypts prepared rows to train on, features and targets. Refuses rows outside what the plan assumes:
/// their number, the features' bound, the spectrum's cap; the messages say how to mend it.
void encrypt_training_rows(const EncryptFiles& files, const data::Examples& examples,
                           const wire::Passphrase* passphrase, const Machine& machine);
/// Encrypts prepared rows to predict; targets are not used.
void encrypt_prediction_rows(const EncryptFiles& files, const data::Matrix& features,
                             const wire::Passphrase* passphrase, const Machine& machine);

struct DecryptFiles {
  std::filesystem::path plan, secret_key, input;
};
struct DecryptedModel {
  ClearModel model;        ///< over prepared columns
  double error_bound = 0;  ///< of every weight, against the same algorithm in the clear
};
/// The model's weights, for the owner's eyes.
DecryptedModel decrypt_ckks_model(const DecryptFiles& files, const wire::Passphrase* passphrase,
                                  const Machine& machine);

struct DecryptedPredictions {
  std::vector<double> margins;  ///< w . x of each row, in order
  double error_bound = 0;
};
/// The predictions, for the owner's eyes: margins, to which the caller applies the model's link.
DecryptedPredictions decrypt_ckks_predictions(const DecryptFiles& files, const wire::Passphrase* passphrase,
                                              const Machine& machine);

}  // namespace cloister::pipeline
