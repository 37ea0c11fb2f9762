#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>

#include "cloister/data/matrix.h"
#include "cloister/paillier/noise.h"
#include "cloister/paillier/owner/secret_key.h"
#include "cloister/pipeline/paillier_session.h"
#include "cloister/wire/owner/sealed.h"

namespace cloister::pipeline {

// What the owners' steps of all Paillier jobs share.

struct PaillierEncryptFiles {
  std::filesystem::path plan, public_key;
  std::optional<std::filesystem::path> secret_key;  ///< not needed; halves the time for who has it
  std::filesystem::path dataset;                    ///< written
};

/// The secret key of the session's plan. Errors: as wire::load_secret; MismatchError for one of another
/// length.
paillier::SecretKey load_paillier_secret(const PaillierSession& session, const std::filesystem::path& path,
                                         const wire::Passphrase* passphrase);

/// The owner's faster noise where its key is at hand, the public key's else: the same ciphertexts either way.
/// Throws MismatchError for halves of different keys.
std::unique_ptr<paillier::NoiseSource> make_paillier_noise(const PaillierSession& session,
                                                           const PaillierEncryptFiles& files,
                                                           const wire::Passphrase* passphrase);

}  // namespace cloister::pipeline
