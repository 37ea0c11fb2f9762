#include "apps/cloister/passphrase_options.h"

#include "apps/common/folders.h"
#include "cloister/base/error.h"
#include "cloister/wire/owner/sealed.h"

namespace cloister::app {
namespace {

wire::Passphrase from_source(const PassphraseOptions& options, const char* prompt,
                             wire::Passphrase::Prompt mode) {
  if (!options.file.empty()) return wire::Passphrase::from_file(options.file);
  if (!options.environment.empty()) return wire::Passphrase::from_environment(options.environment.c_str());
  try {
    return wire::Passphrase::from_terminal(prompt, mode);
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kFailedPrecondition) throw;
    const char* choice =
        mode == wire::Passphrase::Prompt::kTwice ? ", or leave the key unprotected with --no-passphrase" : "";
    throw Error(
        e.code(),
        std::string("there is no terminal to ask for the passphrase on; give --passphrase-file FILE or "
                    "--passphrase-env VARIABLE") +
            choice);
  }
}

}  // namespace

void add_passphrase_options(CLI::App& verb, PassphraseOptions& options, PassphraseUse use) {
  CLI::Option_group* group =
      verb.add_option_group("Passphrase of the secret key (asked on the terminal if none is given)");
  group->add_option("--passphrase-file", options.file, "A file whose first line is the passphrase");
  group->add_option("--passphrase-env", options.environment,
                    "An environment variable that holds the passphrase");
  if (use == PassphraseUse::kNewKey)
    group->add_flag(
        "--no-passphrase", options.none,
        "Leave the secret key unprotected on disk: whoever reads the file can decrypt everything");
  group->require_option(0, 1);
}

std::optional<wire::Passphrase> new_passphrase(const PassphraseOptions& options) {
  if (options.none) return std::nullopt;
  return from_source(options, "Passphrase for the new secret key: ", wire::Passphrase::Prompt::kTwice);
}

std::optional<wire::Passphrase> passphrase_for(const PassphraseOptions& options,
                                               const std::filesystem::path& secret_key) {
  require_present(secret_key, "make keys with `cloister keygen`, or name the owner's folder with --owner");
  if (const auto& type = wire::info(wire::peek(secret_key).type); !type.secret)
    throw MismatchError(secret_key.string() + " is another kind of file", std::string(type.phrase),
                        "a secret key");
  if (!wire::is_protected(secret_key)) return std::nullopt;
  return from_source(options, "Passphrase of the secret key: ", wire::Passphrase::Prompt::kOnce);
}

}  // namespace cloister::app
