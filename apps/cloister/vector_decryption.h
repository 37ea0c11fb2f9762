#pragma once

#include <string>
#include <vector>

#include "apps/cloister/passphrase_options.h"
#include "apps/common/step_output.h"
#include "apps/common/workbench.h"

namespace cloister::app {

/// Decrypts files of Paillier vectors, each with the secret key of the folder that it is bound to; a key's
/// passphrase is asked for once. Tells the values, and for machines the exact integers with their exponent
/// too: value = integer * 2^-fraction_bits. Errors: the files'; kNotFound, naming the key that is missing.
void decrypt_vectors(const std::vector<std::string>& files, const std::string& keys,
                     const PassphraseOptions& passphrase, Workbench& bench, StepOutput& out);

}  // namespace cloister::app
