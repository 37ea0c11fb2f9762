#pragma once

#include "cloister/ckks/owner/release_budget.h"
#include "cloister/pipeline/owner/ckks_owner.h"

namespace cloister::pipeline {

// Decrypts what is passed on: with flooding noise sized from the plan's error bound, never from what a file
// says (ckks/owner/publisher.h). Every ciphertext is one release of the budget, which the caller must store
// before the values leave. Errors, none of which uses up a release: PrecisionError where the noise leaves
// less than `max_error`; SecurityError where the budget has too few releases left; those of decryption.

struct PublishedModel {
  ClearModel model;        ///< over prepared columns
  double error = 0;        ///< of every weight, but for a chance of 2^-40
  int decimal_digits = 0;  ///< that `error` leaves
};
PublishedModel publish_ckks_model(const DecryptFiles& files, double max_error, ckks::ReleaseBudget& budget,
                                  const wire::Passphrase* passphrase, const Machine& machine);

struct PublishedPredictions {
  std::vector<double> margins;
  double error = 0;
  int decimal_digits = 0;
};
PublishedPredictions publish_ckks_predictions(const DecryptFiles& files, double max_error,
                                              ckks::ReleaseBudget& budget, const wire::Passphrase* passphrase,
                                              const Machine& machine);

}  // namespace cloister::pipeline
