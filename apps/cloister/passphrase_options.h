#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>

#include "cloister/wire/owner/passphrase.h"

namespace cloister::app {

/// Where the secret key's passphrase comes from; the terminal if nothing is said.
struct PassphraseOptions {
  std::string file, environment;
  bool none = false;
};

enum class PassphraseUse {
  kNewKey,  ///< keygen: may also do without
  kExistingKey,
};
void add_passphrase_options(CLI::App& verb, PassphraseOptions& options, PassphraseUse use);

/// The passphrase of a new key, asked twice; none if the caller said so in so many words.
std::optional<wire::Passphrase> new_passphrase(const PassphraseOptions& options);

/// The passphrase that a secret key file needs; none if the file is not protected.
std::optional<wire::Passphrase> passphrase_for(const PassphraseOptions& options,
                                               const std::filesystem::path& secret_key);

/// A pointer to what is there.
inline const wire::Passphrase* or_null(const std::optional<wire::Passphrase>& passphrase) {
  return passphrase ? &*passphrase : nullptr;
}

}  // namespace cloister::app
